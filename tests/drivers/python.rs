//! A script that has nothing but Python's gRPC and the proto files does a driver's work.

use anyhow::Context;
use anyhow::ensure;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

/// What the script needs, by its name in the package index.
const PACKAGE: &str = "grpcio-tools";

/// Where things that outlast a test run are kept, as in deploy/env.sh.
fn cache() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("QUORATE_CACHE").map(PathBuf::from);
    let general = std::env::var_os("XDG_CACHE_HOME").map(|cache| Path::new(&cache).join("quorate"));
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/quorate"));
    named
        .or(general)
        .or(home)
        .context("no folder is known for caches")
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().take(5).collect::<Vec<_>>();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(format!(
        "{command:?}: {}\n{}",
        output.status,
        last.join("\n")
    ))
}

/// A Python that has what the script needs, made at the first run; or why there is none.
fn python() -> anyhow::Result<Result<PathBuf, String>> {
    let environment = cache()?.join("python-driver");
    let python = environment.join("bin/python");
    let imports = ["-c", "import grpc, grpc_tools.protoc, google.protobuf"];
    if python.is_file() && run(Command::new(&python).args(imports)).is_ok() {
        return Ok(Ok(python));
    }
    let made = run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&environment));
    let installed = made.and_then(|_| {
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PACKAGE,
        ];
        run(Command::new(&python).args(install))
    });
    Ok(installed.map(|_| python))
}

#[test]
fn a_python_script_with_grpcio_and_the_proto_does_a_drivers_work() -> anyhow::Result<()> {
    let python = match python()? {
        Ok(python) => python,
        Err(reason) => {
            // Past the capture of the test runner, so that it is seen.
            writeln!(std::io::stderr(), "SKIPPED the Python driver: {reason}")?;
            return Ok(());
        }
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
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}{complained}");
        eprint!("{said}");
        ensure!(
            said.lines().last() == Some("done"),
            "it stopped early: {said}"
        );
        Ok(())
    })
}
