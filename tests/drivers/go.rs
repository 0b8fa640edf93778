//! A Go program with Apache's gocql does its work.

use crate::application;
use crate::clients::alone;
use crate::clients::run;
use crate::clients::skipped;
use anyhow::Context;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// The program, built from the sources beside this file with modules kept in the cache; or why
/// there is none.
fn program() -> anyhow::Result<Result<PathBuf, String>> {
    alone("go-driver", |kept| {
        let program = kept.join("bin/go-driver");
        let go = |arguments: &[&str]| {
            let mut command = Command::new("go");
            command
                .args(arguments)
                .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers/go"))
                // No other Go than the one that is here.
                .env("GOTOOLCHAIN", "local")
                .env("GOMODCACHE", kept.join("modules"))
                .env("GOCACHE", kept.join("build"));
            command
        };
        if let Err(reason) = run(&mut go(&["mod", "download", "-modcacherw"])) {
            return Ok(Err(reason));
        }
        run(go(&["build", "-trimpath", "-o"]).arg(&program).arg("."))
            .map_err(anyhow::Error::msg)
            .context("the program does not compile")?;
        Ok(Ok(program))
    })
}

#[test]
fn a_go_program_with_gocql_does_its_work() -> anyhow::Result<()> {
    match program()? {
        Ok(program) => application::works(Command::new(program)),
        Err(reason) => skipped("the Go driver", &reason),
    }
}

#[test]
fn gocql_speaks_tls_and_logs_in() -> anyhow::Result<()> {
    match program()? {
        Ok(program) => {
            let mut command = Command::new(program);
            command.arg("secured");
            application::gets_in(command)
        }
        Err(reason) => skipped("the Go driver", &reason),
    }
}
