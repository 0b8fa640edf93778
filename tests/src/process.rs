//! One node: a process, its data directory, its log.

use anyhow::Context;
use anyhow::ensure;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;

/// The first superuser, in clusters whose clients log in.
pub const SUPERUSER: &str = "ada";
/// The password of the first superuser, in clusters whose setup names one.
pub const SUPERUSER_PASSWORD: &str = "canary-of-the-superuser";

/// A node, running or not.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) host: String,
    pub(crate) directory: PathBuf,
    pub(crate) settings: Vec<String>,
    child: Option<Child>,
    /// Where in the log the current life begins.
    life_begins: usize,
}

impl Process {
    pub(crate) fn new(host: String, directory: PathBuf, settings: Vec<String>) -> Self {
        Self {
            host,
            directory,
            settings,
            child: None,
            life_begins: 0,
        }
    }

    pub(crate) fn start(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "{} runs already", self.host);
        std::fs::create_dir_all(&self.directory)?;
        self.life_begins = self.log().len();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        let mut command = program()?;
        command
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let has_superuser = |setting: &String| setting.starts_with("initial_superuser=");
        if self.settings.iter().any(has_superuser) {
            command.env("QUORATE_INITIAL_SUPERUSER_PASSWORD", SUPERUSER_PASSWORD);
        }
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        self.child = Some(command.spawn().context("the node cannot be started")?);
        Ok(())
    }

    /// Whether the process was started and neither ended nor was killed since.
    pub(crate) fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// How it ended although nobody stopped it.
    pub(crate) fn died(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(match self.child.as_mut() {
            Some(child) => child.try_wait()?,
            None => None,
        })
    }

    /// How it ended when its end was to be expected; `None` while it runs.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let status = self.died()?;
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    /// `kill -9`, without waiting for its end.
    pub(crate) fn strike(&mut self) -> anyhow::Result<()> {
        if let Some(child) = self.child.as_mut() {
            child.kill()?;
        }
        Ok(())
    }

    /// Waits for the end of a process that was struck.
    pub(crate) fn bury(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let child = self.child.as_ref().context("the node does not run")?;
        let told = Command::new("kill")
            .args([&format!("-{name}"), &child.id().to_string()])
            .status()
            .context("kill cannot be run")?;
        ensure!(told.success(), "kill -{name} failed");
        Ok(())
    }

    /// Its memory, bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let child = self.child.as_ref().context("it does not run")?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.context("no VmRSS")?.trim().parse::<u64>()? * 1_024)
    }

    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What it logged since it was started last.
    pub(crate) fn log_of_this_life(&self) -> String {
        let log = self.log();
        log.get(self.life_begins..).unwrap_or_default().to_owned()
    }

    pub(crate) fn data_directory(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Failing here only means that it is gone already.
        let _ = self.strike();
        let _ = self.bury();
    }
}

/// The program under test, to be run without what the tests themselves are configured with.
///
/// # Errors
/// When there is none.
pub fn program() -> anyhow::Result<Command> {
    let mut command = command(&binary()?);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("QUORATE_") {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// Runs a program so that it ends with the thread that started it, where the system can do that:
/// a test run that is interrupted leaves no nodes behind.
fn command(program: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.is_file() {
        return Command::new(program);
    }
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// The program under test.
fn binary() -> anyhow::Result<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/under-test/quorate");
    let path = std::env::var_os("QUORATE_BIN").map_or(checkout, PathBuf::from);
    ensure!(
        path.is_file(),
        "there is no program {}: run `make binary-under-test`, or set QUORATE_BIN",
        path.display()
    );
    Ok(path)
}
