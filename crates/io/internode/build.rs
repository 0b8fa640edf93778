//! Generates the internode messages from `proto/quorate/internode/v1` without `protoc`.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proto = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../../proto");
    println!(
        "cargo::rerun-if-changed={}",
        proto.join("quorate/internode/v1").display()
    );
    let files = protox::compile(
        [proto.join("quorate/internode/v1/internode.proto")],
        [proto],
    )?;
    tonic_prost_build::configure()
        .bytes(".")
        .compile_fds(files)?;
    Ok(())
}
