//! A session with a person: the prompt, lines with history and completion, interrupts.

use crate::command::Command;
use crate::command::parse_command;
use crate::commands::version;
use crate::connection::Connection;
use crate::connection::teller;
use crate::editor::ShellHelper;
use crate::errors::ShellError;
use crate::format::Style;
use crate::script::Unit;
use crate::script::UnitKind;
use crate::script::units;
use crate::session::Flow;
use crate::session::Session;
use anyhow::Context as _;
use rustyline::CompletionType;
use rustyline::Config;
use rustyline::Editor;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::history::History;
use rustyline::history::SearchDirection;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long the first prompt waits for the cluster. Who must be waited for longer is waited for
/// behind the prompt.
const GREETING_WAIT_MAX: Duration = Duration::from_millis(30);

/// Lines that the history keeps.
const HISTORY_LINES_MAX: usize = 10_000;

type LineEditor = Editor<ShellHelper, DefaultHistory>;

/// Runs a session until EXIT or the end of input.
pub(crate) async fn run(mut session: Session) -> anyhow::Result<ExitCode> {
    if let Err(error) = greet(&mut session).await {
        session.output.error(&error.to_string())?;
        return Ok(ExitCode::from(error.exit_code()));
    }
    let config = Config::builder()
        .max_history_size(HISTORY_LINES_MAX)?
        .history_ignore_dups(true)?
        .completion_type(CompletionType::List)
        .build();
    let mut editor = LineEditor::with_config(config).context("the terminal can't be used")?;
    let helper = ShellHelper::new(Arc::clone(&session.connection), session.output.color());
    editor.set_helper(Some(helper));
    let history = history_path();
    if let Some(path) = &history {
        // There is none the first time.
        let _ = editor.load_history(path);
    }
    loop {
        let prompt = prompt(&session.connection);
        let line;
        (editor, line) = tokio::task::spawn_blocking(move || {
            let styled = Style::Header.paint(&prompt, true);
            let line = editor.readline(&(prompt, styled));
            (editor, line)
        })
        .await?;
        let line = match line {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error).context("the terminal can't be read"),
        };
        if !line.trim().is_empty() && editor.add_history_entry(line.as_str()).unwrap_or(false) {
            remember(&mut editor, history.as_ref());
        }
        match run_line(&mut session, &line, &editor).await {
            Ok(Flow::Continue) => {}
            Ok(Flow::Exit) => break,
            Err(error) => return Ok(ExitCode::from(error.exit_code())),
        }
    }
    session.output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Runs what a line says; an error is printed and ends the line, but not the session.
async fn run_line(
    session: &mut Session,
    line: &str,
    editor: &LineEditor,
) -> Result<Flow, ShellError> {
    for unit in units(line) {
        if let Some(count) = asks_history(line, &unit) {
            write_history(session, editor.history(), count)?;
            continue;
        }
        let outcome = tokio::select! {
            outcome = session.run_unit(line, &unit) => outcome,
            _ = tokio::signal::ctrl_c() => Err(ShellError::command("interrupted")),
        };
        match outcome {
            Ok(Flow::Continue) => {}
            Ok(Flow::Exit) => return Ok(Flow::Exit),
            Err(ShellError::Output(error)) => return Err(error.into()),
            Err(ShellError::Reported(_)) => return Ok(Flow::Continue),
            Err(error) => {
                session.output.error(&error.to_string())?;
                return Ok(Flow::Continue);
            }
        }
    }
    Ok(Flow::Continue)
}

/// Begins to connect, and says with whom if that is known at once. A cluster that refuses at once
/// ends the shell, as a wrong host should.
async fn greet(session: &mut Session) -> Result<(), ShellError> {
    let connection = Arc::clone(&session.connection);
    let mut connecting: JoinHandle<_> =
        tokio::spawn(async move { connection.client().await.map(|_| ()) });
    let connected = tokio::time::timeout(GREETING_WAIT_MAX, &mut connecting).await;
    let mut build = String::new();
    if let Ok(Ok(connected)) = connected {
        connected.map_err(ShellError::Connection)?;
        if let Some(view) = session.connection.view() {
            let address = teller(&view).map_or("", |node| node.address.as_str());
            let text = format!("Connected to {} at {address}", view.cluster_name);
            session.output.message(&text)?;
            build.clone_from(&view.build);
        }
    }
    if !build.is_empty() {
        session.output.message(&version(&build))?;
    }
    Ok(session.output.message("Use HELP for help.")?)
}

fn prompt(connection: &Connection) -> String {
    match (connection.keyspace(), connection.view()) {
        (Some(keyspace), _) => format!("quorate:{keyspace}> "),
        (None, Some(view)) if !view.cluster_name.is_empty() => {
            format!("quorate@{}> ", view.cluster_name)
        }
        (None, _) => "quorate> ".to_owned(),
    }
}

/// How many entries a HISTORY command wants.
fn asks_history(line: &str, unit: &Unit) -> Option<usize> {
    if unit.kind != UnitKind::Command {
        return None;
    }
    match parse_command(line.get(unit.range.clone())?) {
        Ok(Command::History(count)) => Some(count),
        _ => None,
    }
}

fn write_history(
    session: &mut Session,
    history: &DefaultHistory,
    count: usize,
) -> Result<(), ShellError> {
    let out = session.output.results();
    for index in history.len().saturating_sub(count)..history.len() {
        let entry = history.get(index, SearchDirection::Forward);
        if let Ok(Some(found)) = entry {
            writeln!(out, "{}", found.entry)?;
        }
    }
    Ok(out.flush()?)
}

/// Keeps the new entries for later sessions. A history that can't be kept is no reason to stop.
fn remember(editor: &mut LineEditor, path: Option<&PathBuf>) {
    let Some(path) = path else {
        return;
    };
    if let Some(folder) = path.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let _ = editor.append_history(path);
}

/// `$QUORATE_HISTORY`, else in the folder for state of the XDG rules.
fn history_path() -> Option<PathBuf> {
    let filled = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(path) = filled("QUORATE_HISTORY") {
        return Some(path.into());
    }
    let state = filled("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| filled("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    Some(state.join("quorate").join("shell_history"))
}
