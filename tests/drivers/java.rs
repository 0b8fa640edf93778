//! A Java program with Apache's driver does its work.

use crate::application;
use crate::clients::alone;
use crate::clients::run;
use crate::clients::skipped;
use anyhow::Context;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// What says which jars are needed.
const PROJECT: &str = "pom.xml";
/// Copies jars to a folder of one's choice; named with its version, as projects pin it.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers/java")
}

/// The class path of the program: jars fetched at the first run, classes compiled at each; or why
/// there is none.
fn class_path() -> anyhow::Result<Result<String, String>> {
    alone("java-driver", |kept| {
        if let Err(reason) = run(Command::new("javac").arg("-version")) {
            return Ok(Err(reason));
        }
        let jars = kept.join("jars");
        let project = kept.join(PROJECT);
        let wanted = std::fs::read(sources().join(PROJECT))?;
        if std::fs::read(&project).ok().as_ref() != Some(&wanted) {
            if let Err(reason) = fetch(&jars) {
                return Ok(Err(reason));
            }
            // Last, so that a fetch that was interrupted is begun again.
            std::fs::write(&project, &wanted)?;
        }
        let classes = kept.join("classes");
        let path = format!("{}/*:{}", jars.display(), classes.display());
        let mut compile = Command::new("javac");
        compile
            .args(["-cp", &path, "-encoding", "UTF-8", "-d"])
            .arg(classes);
        for source in std::fs::read_dir(sources())? {
            let source = source?.path();
            if source.extension().is_some_and(|kind| kind == "java") {
                compile.arg(source);
            }
        }
        run(&mut compile)
            .map_err(anyhow::Error::msg)
            .context("the program does not compile")?;
        Ok(Ok(path))
    })
}

fn fetch(jars: &Path) -> Result<(), String> {
    if jars.is_dir() {
        std::fs::remove_dir_all(jars).map_err(|error| error.to_string())?;
    }
    let fetched = run(Command::new("mvn")
        .args(["-q", "-B", COPY])
        .arg(format!("-DoutputDirectory={}", jars.display()))
        .current_dir(sources()));
    fetched.map(|_| ())
}

/// One of our programs, by the class that has its `main`; or why there is none.
fn program(class: &str) -> anyhow::Result<Result<Command, String>> {
    Ok(class_path()?.map(|path| {
        let mut command = Command::new("java");
        command.args(["-Xmx256m", "-cp", &path, class]);
        command
    }))
}

#[test]
fn a_java_program_with_the_apache_driver_does_its_work() -> anyhow::Result<()> {
    match program("Main")? {
        Ok(command) => application::works(command),
        Err(reason) => skipped("the Java driver", &reason),
    }
}

#[test]
fn the_java_driver_speaks_tls_and_logs_in() -> anyhow::Result<()> {
    match program("Secured")? {
        Ok(command) => application::gets_in(command),
        Err(reason) => skipped("the Java driver", &reason),
    }
}
