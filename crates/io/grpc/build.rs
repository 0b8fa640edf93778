//! Generates the client services from `proto/quorate/v1` without `protoc`, and keeps the
//! descriptors for reflection.

use prost::Message;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proto = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../../proto");
    let sources = ["quorate.proto", "admin.proto"].map(|name| proto.join("quorate/v1").join(name));
    println!(
        "cargo::rerun-if-changed={}",
        proto.join("quorate/v1").display()
    );
    let files = protox::compile(&sources, [&proto])?;
    let descriptors = PathBuf::from(std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(descriptors, files.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".")
        .compile_fds(files)?;
    Ok(())
}
