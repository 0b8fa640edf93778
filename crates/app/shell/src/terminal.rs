//! The terminal's width, and the question whether to show more.

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The terminal behind standard output. Nothing is set up before it is first asked.
#[derive(Default)]
pub(crate) struct Terminal {
    editor: Mutex<Option<DefaultEditor>>,
}

impl Terminal {
    /// Its columns.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.with_editor(DefaultEditor::dimensions)
            .flatten()
            .map(|(columns, _)| usize::from(columns))
            .filter(|columns| *columns > 0)
    }

    /// Asks whether to go on; blocks until a line is entered. No is `q`, the end of input and an
    /// interrupt.
    pub(crate) fn wants_more(&self) -> bool {
        let answer = self.with_editor(|editor| editor.readline("---MORE---"));
        match answer {
            Some(Ok(line)) => !line.trim().to_ascii_lowercase().starts_with('q'),
            Some(Err(ReadlineError::Interrupted | ReadlineError::Eof)) => false,
            // Nobody can be asked.
            Some(Err(_)) | None => true,
        }
    }

    fn with_editor<T>(&self, ask: impl FnOnce(&mut DefaultEditor) -> T) -> Option<T> {
        let mut editor = self.editor.lock().unwrap_or_else(PoisonError::into_inner);
        if editor.is_none() {
            *editor = DefaultEditor::new().ok();
        }
        editor.as_mut().map(ask)
    }
}
