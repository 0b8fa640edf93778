//! A Node.js program with cassandra-driver does its work.

use crate::application;
use crate::clients::alone;
use crate::clients::run;
use crate::clients::skipped;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// What says which driver is installed.
const PACKAGE: &str = "package.json";

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers/node")
}

/// The folder in the cache that has the driver, installed at the first run; or why there is none.
fn modules() -> anyhow::Result<Result<PathBuf, String>> {
    alone("node-driver", |kept| {
        let modules = kept.join("node_modules");
        let wanted = std::fs::read(sources().join(PACKAGE))?;
        let mut import = Command::new("node");
        import
            .args(["-e", "require('cassandra-driver')"])
            .env("NODE_PATH", &modules);
        let there = std::fs::read(kept.join(PACKAGE)).is_ok_and(|there| there == wanted);
        if there && run(&mut import).is_ok() {
            return Ok(Ok(modules));
        }
        std::fs::create_dir_all(kept)?;
        std::fs::write(kept.join(PACKAGE), wanted)?;
        let installed = run(Command::new("npm")
            .args(["install", "--no-package-lock", "--ignore-scripts"])
            .args(["--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(kept));
        Ok(installed.and_then(|_| run(&mut import)).map(|_| modules))
    })
}

/// One of our programs, which finds the driver; or why it cannot.
fn program(name: &str) -> anyhow::Result<Result<Command, String>> {
    Ok(modules()?.map(|modules| {
        let mut command = Command::new("node");
        command.arg(sources().join(name)).env("NODE_PATH", modules);
        command
    }))
}

#[test]
fn a_node_js_program_with_cassandra_driver_does_its_work() -> anyhow::Result<()> {
    match program("main.js")? {
        Ok(command) => application::works(command),
        Err(reason) => skipped("the Node.js driver", &reason),
    }
}

#[test]
fn the_node_js_driver_speaks_tls_and_logs_in() -> anyhow::Result<()> {
    match program("secured.js")? {
        Ok(command) => application::gets_in(command),
        Err(reason) => skipped("the Node.js driver", &reason),
    }
}
