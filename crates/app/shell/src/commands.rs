//! Carries out the shell's own commands, COPY apart.

use crate::command::Capture;
use crate::command::Command;
use crate::command::Paging;
use crate::command::Show;
use crate::command::Switch;
use crate::connection::teller;
use crate::errors::ShellError;
use crate::help::help;
use crate::session::Flow;
use crate::session::Session;
use quorate_client::ConsistencyLevel;
use quorate_client::Token;
use std::path::Path;

/// The version of CQL that is understood.
const CQL_VERSION: &str = "3.4.7";

/// Rows of a page after PAGING ON without a number.
const PAGE_ROWS: u32 = 100;

impl Session {
    /// Carries out a command.
    pub(crate) async fn run_command(&mut self, command: Command) -> Result<Flow, ShellError> {
        match command {
            Command::Exit => return Ok(Flow::Exit),
            Command::Source(path) => return self.run_file(&path).await,
            Command::Describe(cql) => self.run_describe(&cql).await?,
            Command::Copy(copy) => self.copy(*copy).await?,
            Command::Show(show) => self.show(show).await?,
            Command::Capture(target) => self.capture(target)?,
            Command::Clear => self.clear()?,
            Command::Consistency(level) => self.consistency(level)?,
            Command::SerialConsistency(level) => self.serial_consistency(level)?,
            Command::Expand(switch) => {
                self.settings.expand =
                    self.switch(switch, "Expanded output", "EXPAND", self.settings.expand)?;
            }
            Command::Tracing(switch) => {
                self.settings.tracing =
                    self.switch(switch, "Tracing", "TRACING", self.settings.tracing)?;
            }
            Command::Receipt(switch) => {
                self.settings.receipt =
                    self.switch(switch, "Receipts", "RECEIPT", self.settings.receipt)?;
            }
            Command::Paging(paging) => self.paging(paging)?,
            Command::Format(Some(format)) => {
                self.set_format(format);
                self.output
                    .message(&format!("Format set to {}.", format.name()))?;
            }
            Command::Format(None) => {
                let name = self.settings.format.name();
                self.output.message(&format!("Current format is {name}."))?;
            }
            Command::Help(topics) => {
                let text = help(&topics).map_err(ShellError::Command)?;
                self.output.results().write_all(text.as_bytes())?;
            }
            Command::History(_) => {
                return Err(ShellError::command("HISTORY is for interactive sessions"));
            }
            Command::Login => {
                return Err(ShellError::command(
                    "LOGIN is not supported yet: the cluster has no roles",
                ));
            }
        }
        Ok(Flow::Continue)
    }

    fn switch(
        &mut self,
        switch: Switch,
        what: &str,
        command: &str,
        is_on: bool,
    ) -> Result<bool, ShellError> {
        let text = match (switch, is_on) {
            (Switch::Ask, true) => {
                format!("{what} is currently enabled. Use {command} OFF to disable")
            }
            (Switch::Ask, false) => {
                format!("{what} is currently disabled. Use {command} ON to enable.")
            }
            (Switch::On, true) => {
                format!("{what} is already enabled. Use {command} OFF to disable.")
            }
            (Switch::On, false) => format!("Now {what} is enabled"),
            (Switch::Off, true) => format!("Disabled {what}."),
            (Switch::Off, false) => format!("{what} is not enabled."),
        };
        self.output.message(&text)?;
        Ok(match switch {
            Switch::Ask => is_on,
            Switch::On => true,
            Switch::Off => false,
        })
    }

    fn paging(&mut self, paging: Paging) -> Result<(), ShellError> {
        match paging {
            Paging::Switch(switch) => {
                let before = self.settings.paging;
                self.settings.paging = self.switch(switch, "Query paging", "PAGING", before)?;
                if switch == Switch::On && self.settings.page_rows.is_none() {
                    self.settings.page_rows = Some(PAGE_ROWS);
                }
                if switch == Switch::Off {
                    self.settings.page_rows = None;
                }
            }
            Paging::Rows(rows) => {
                self.settings.paging = true;
                self.settings.page_rows = Some(rows);
            }
        }
        if let Some(rows) = self.settings.page_rows
            && self.settings.paging
        {
            self.output.message(&format!("Page size: {rows}"))?;
        }
        Ok(())
    }

    fn consistency(&mut self, level: Option<ConsistencyLevel>) -> Result<(), ShellError> {
        let text = match (level, self.settings.consistency) {
            (Some(level), _) => {
                self.settings.consistency = Some(level);
                format!("Consistency level set to {level}.")
            }
            (None, Some(level)) => format!("Current consistency level is {level}."),
            (None, None) => {
                "Current consistency level is the nodes' default (LOCAL_QUORUM unless configured)."
                    .to_owned()
            }
        };
        Ok(self.output.message(&text)?)
    }

    fn serial_consistency(&mut self, level: Option<ConsistencyLevel>) -> Result<(), ShellError> {
        let text = if let Some(level) = level {
            self.settings.serial_consistency = Some(level);
            format!("Serial consistency level set to {level}.")
        } else {
            let level = self.settings.serial_consistency;
            let level = level.unwrap_or(ConsistencyLevel::Serial);
            format!("Current serial consistency level is {level}.")
        };
        Ok(self.output.message(&text)?)
    }

    fn capture(&mut self, target: Capture) -> Result<(), ShellError> {
        let text = match (target, self.output.captures().map(Path::to_owned)) {
            (Capture::Ask, Some(path)) => {
                format!("Currently capturing query output to '{}'.", path.display())
            }
            (Capture::Ask, None) => "Currently not capturing query output.".to_owned(),
            (Capture::Off, _) => {
                self.output.capture(None)?;
                return Ok(());
            }
            (Capture::Into(_), Some(path)) => {
                return Err(ShellError::command(format!(
                    "Already capturing output to '{}'. Use CAPTURE OFF to disable.",
                    path.display()
                )));
            }
            (Capture::Into(path), None) => {
                self.output.capture(Some(&path)).map_err(|error| {
                    ShellError::command(format!(
                        "Could not open '{}' for append: {error}",
                        path.display()
                    ))
                })?;
                format!("Now capturing query output to '{}'.", path.display())
            }
        };
        Ok(self.output.message(&text)?)
    }

    fn clear(&mut self) -> Result<(), ShellError> {
        if self.output.terminal().is_some() {
            // Home, then clear what is shown and what was scrolled away.
            write!(self.output.results(), "\u{1b}[H\u{1b}[2J\u{1b}[3J")?;
        }
        Ok(())
    }

    async fn show(&mut self, show: Show) -> Result<(), ShellError> {
        match show {
            Show::Version => {
                let client = self.client().await?;
                let text = version(&client.cluster().build);
                self.output.message(&text)?;
            }
            Show::Host => {
                let view = self.client().await?.cluster();
                let address = teller(&view).map_or("", |node| node.address.as_str());
                let text = format!("Connected to {} at {address}.", view.cluster_name);
                self.output.message(&text)?;
            }
            Show::Session(None) => self.print_last_trace()?,
            Show::Session(Some(_)) => {
                return Err(ShellError::command(
                    "traces are not stored, so they have no ids; SHOW SESSION shows the last one",
                ));
            }
            Show::Replicas { token, keyspace } => self.show_replicas(token, keyspace).await?,
        }
        Ok(())
    }

    async fn show_replicas(
        &mut self,
        token: i64,
        keyspace: Option<String>,
    ) -> Result<(), ShellError> {
        let view = self.client().await?.cluster();
        let keyspace = keyspace
            .or_else(|| self.connection.keyspace())
            .ok_or_else(|| ShellError::command("expected a keyspace, for none is in use"))?;
        if !view.keyspaces.contains_key(&keyspace) {
            return Err(ShellError::command(format!(
                "'{keyspace}' not found in keyspaces"
            )));
        }
        let replicas: Vec<String> = view
            .replicas(&keyspace, Token::new(token))
            .map(|node| format!("'{}'", node.address))
            .collect();
        let text = format!("[{}]", replicas.join(", "));
        Ok(writeln!(self.output.results(), "{text}")?)
    }
}

/// What runs here and there.
pub(crate) fn version(build: &str) -> String {
    let ours = env!("CARGO_PKG_VERSION");
    let theirs = if build.is_empty() { "unknown" } else { build };
    format!("[quorate shell {ours} | Quorate {theirs} | CQL spec {CQL_VERSION} | gRPC quorate.v1]")
}
