//! A script that has nothing but Python's gRPC and the proto files does a driver's work.

use crate::clients::converse;
use crate::clients::python;
use crate::clients::run;
use crate::clients::skipped;
use anyhow::Context;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use std::path::Path;
use std::process::Command;

/// What the script needs, by its name in the package index.
const PACKAGE: &str = "grpcio-tools";
/// What it imports.
const IMPORTS: &str = "grpc, grpc_tools.protoc, google.protobuf";

#[test]
fn a_python_script_with_grpcio_and_the_proto_does_a_drivers_work() -> anyhow::Result<()> {
    let python = match python("python-driver", &[PACKAGE], IMPORTS)? {
        Ok(python) => python,
        Err(reason) => return skipped("the Python driver", &reason),
    };
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let stubs = tempfile::tempdir()?;
    let proto = checkout.join("proto");
    let generated = run(Command::new(&python)
        .args(["-m", "grpc_tools.protoc", "-I"])
        .arg(&proto)
        .arg(format!("--python_out={}", stubs.path().display()))
        .arg(format!("--grpc_python_out={}", stubs.path().display()))
        .args(["quorate/v1/quorate.proto", "quorate/v1/admin.proto"].map(|name| proto.join(name))));
    generated
        .map_err(anyhow::Error::msg)
        .context("the stubs cannot be generated")?;

    with_cluster(Setup::nodes(3), async |cluster| {
        let mut command = Command::new(&python);
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers/python/driver.py"))
            .env("PYTHONPATH", stubs.path())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        for number in 1..=3 {
            command.arg(cluster.client_address(number)?);
        }
        converse(cluster, command).await.map(drop)
    })
}
