//! One session: its settings, and which statement or command is run how.
//!
//! ```text
//!   text ──script::units──▶ Unit ──┬─ Statement ──▶ execute ──▶ Printer ──▶ Output
//!                                  └─ Command ──▶ commands (copy, describe, settings, …)
//! ```

use crate::args::ShellArgs;
use crate::command::parse_command;
use crate::connection::Connection;
use crate::errors::ShellError;
use crate::format::OutputFormat;
use crate::output::Output;
use crate::script::Unit;
use crate::script::UnitKind;
use crate::script::line_of;
use crate::script::units;
use quorate_client::Access;
use quorate_client::Client;
use quorate_client::ConsistencyLevel;
use quorate_client::Receipt;
use quorate_client::RequestOptions;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Files that SOURCE each other deeper than this do it in a circle.
const SOURCE_DEPTH_MAX: usize = 16;

/// Rows of a page that a person looks at.
const PAGE_ROWS: u32 = 100;

/// What goes on after a statement or command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Exit,
}

/// What the commands set.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is the switch of one command"
)]
pub(crate) struct Settings {
    /// `None`: the nodes' default.
    pub(crate) consistency: Option<ConsistencyLevel>,
    pub(crate) serial_consistency: Option<ConsistencyLevel>,
    pub(crate) tracing: bool,
    pub(crate) receipt: bool,
    pub(crate) expand: bool,
    /// Whether to stop after each page.
    pub(crate) paging: bool,
    /// `None`: the nodes' default.
    pub(crate) page_rows: Option<u32>,
    pub(crate) format: OutputFormat,
    pub(crate) request_timeout: Duration,
}

/// A session.
pub(crate) struct Session {
    pub(crate) connection: Arc<Connection>,
    pub(crate) output: Output,
    pub(crate) settings: Settings,
    /// Of the last statement that had any, for SHOW SESSION.
    pub(crate) last_receipts: Vec<Receipt>,
    continue_on_error: bool,
    has_failed: bool,
    source_depth: usize,
}

impl Session {
    /// `is_interactive`: a person types the statements, and looks at page after page.
    pub(crate) fn new(
        args: &ShellArgs,
        access: Access,
        output: Output,
        is_interactive: bool,
    ) -> Self {
        let mut session = Self {
            connection: Arc::new(Connection::new(args, access)),
            output,
            settings: Settings {
                consistency: args.consistency,
                serial_consistency: None,
                tracing: false,
                receipt: false,
                expand: false,
                paging: is_interactive,
                page_rows: is_interactive.then_some(PAGE_ROWS),
                format: args.format,
                request_timeout: args.request_timeout,
            },
            last_receipts: Vec::new(),
            continue_on_error: args.continue_on_error,
            has_failed: false,
            source_depth: 0,
        };
        session.output.is_for_programs = args.format.is_for_programs();
        session
    }

    /// Whether a statement of a script has failed so far.
    pub(crate) const fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// How rows are shown now.
    pub(crate) const fn format(&self) -> OutputFormat {
        match self.settings.format {
            OutputFormat::Table if self.settings.expand => OutputFormat::Expanded,
            format => format,
        }
    }

    /// The client. Borrows nothing while it connects, for the output cannot be shared.
    pub(crate) fn client(&self) -> impl Future<Output = Result<Client, ShellError>> + Send + use<> {
        let connection = Arc::clone(&self.connection);
        async move { connection.client().await.map_err(ShellError::Connection) }
    }

    /// What every request of this session is sent with.
    pub(crate) fn request_options(&self) -> RequestOptions {
        RequestOptions {
            consistency: self.settings.consistency,
            serial_consistency: self.settings.serial_consistency,
            page_size: self.settings.page_rows,
            receipt: self.settings.receipt || self.settings.tracing,
            timeout: Some(self.settings.request_timeout),
            ..RequestOptions::default()
        }
    }

    /// Runs one unit of a text.
    pub(crate) async fn run_unit(&mut self, text: &str, unit: &Unit) -> Result<Flow, ShellError> {
        let body = text.get(unit.range.clone()).unwrap_or_default();
        let flow = match unit.kind {
            UnitKind::Statement if !unit.is_complete => {
                return Err(ShellError::command("Incomplete statement at end of file"));
            }
            UnitKind::Statement => self.run_statement(body).await.map(|()| Flow::Continue)?,
            UnitKind::Command => {
                let command = parse_command(body).map_err(ShellError::Command)?;
                self.run_command(command).await?
            }
        };
        self.output.flush()?;
        Ok(flow)
    }

    /// Runs the units of a script. An error is printed with its line and ends it, unless the
    /// session goes on after errors.
    ///
    /// # Errors
    /// [`ShellError::Reported`] of what was printed, [`ShellError::Output`] when nothing can be.
    pub(crate) async fn run_script(&mut self, text: &str, name: &str) -> Result<Flow, ShellError> {
        for unit in units(text) {
            let error = match self.run_unit(text, &unit).await {
                Ok(Flow::Continue) => continue,
                Ok(Flow::Exit) => return Ok(Flow::Exit),
                Err(error) => error,
            };
            self.has_failed = true;
            match &error {
                ShellError::Reported(_) => {}
                ShellError::Connection(_) => self.output.error(&error.to_string())?,
                // There may be nowhere left to print it.
                ShellError::Output(_) => return Err(error),
                ShellError::Request(_) | ShellError::Command(_) => {
                    let line = line_of(text, unit.range.start);
                    self.output.error(&format!("{name}:{line}:{error}"))?;
                }
            }
            if error.is_fatal() || !self.continue_on_error {
                return Err(ShellError::Reported(error.exit_code()));
            }
        }
        Ok(Flow::Continue)
    }

    /// Runs a file. Boxed, for files can name files.
    pub(crate) fn run_file<'s>(
        &'s mut self,
        path: &'s Path,
    ) -> Pin<Box<dyn Future<Output = Result<Flow, ShellError>> + Send + 's>> {
        Box::pin(async move {
            if self.source_depth == SOURCE_DEPTH_MAX {
                return Err(ShellError::command(format!(
                    "files SOURCE each other {SOURCE_DEPTH_MAX} deep; is it a circle?"
                )));
            }
            let text = std::fs::read_to_string(path).map_err(|error| {
                ShellError::command(format!("Could not open '{}': {error}", path.display()))
            })?;
            self.source_depth += 1;
            let result = self.run_script(&text, &path.display().to_string()).await;
            self.source_depth -= 1;
            result
        })
    }
}
