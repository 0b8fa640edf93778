//! Generates the client side of `proto/quorate/v1` without `protoc`, and, in a file of its own,
//! the server side that the tests' mock server stands on.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proto = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../../proto");
    let sources = ["quorate.proto", "admin.proto"].map(|name| proto.join("quorate/v1").join(name));
    println!(
        "cargo::rerun-if-changed={}",
        proto.join("quorate/v1").display()
    );
    let files = protox::compile(&sources, [&proto])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mock = out.join("mock");
    std::fs::create_dir_all(&mock)?;
    tonic_prost_build::configure()
        .build_server(false)
        .bytes(".")
        .compile_fds(files.clone())?;
    tonic_prost_build::configure()
        .build_client(false)
        .out_dir(mock)
        .extern_path(".quorate.v1", "crate::proto")
        .compile_fds(files)?;
    Ok(())
}
