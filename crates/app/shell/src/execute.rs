//! Runs CQL statements: asks page after page, prints rows, warnings, traces and receipts.

use crate::describe::write_description;
use crate::errors::ShellError;
use crate::format::OutputFormat;
use crate::format::printer;
use crate::session::Session;
use crate::trace::write_trace;
use quorate_client::Client;
use quorate_client::Query;
use quorate_client::QueryResult;
use quorate_client::Receipt;
use quorate_client::RequestOptions;
use quorate_cql::TokenKind;
use quorate_cql::tokenize;
use std::io::Write;
use std::mem;

/// The first column of a conditional update's answer.
const APPLIED: &str = "[applied]";

impl Session {
    /// Runs a statement and prints what it gave.
    pub(crate) async fn run_statement(&mut self, cql: &str) -> Result<(), ShellError> {
        let client = self.client().await?;
        let explains = explains_consistency(cql);
        let mut options = self.request_options();
        options.receipt |= explains;
        let query = Query::new(cql).options(options.clone());
        let mut result = client.query(query).await?;
        let mut receipts: Vec<Receipt> = result.receipt.take().into_iter().collect();
        if explains {
            return self.print_explanation(&result, receipts);
        }
        self.print_warnings(&result)?;
        if !result.columns.is_empty() {
            self.print_pages(&client, cql, options, result, &mut receipts)
                .await?;
        }
        self.print_receipts(receipts)
    }

    /// Runs DESCRIBE and prints it as cqlsh does, or as rows where programs read.
    pub(crate) async fn run_describe(&mut self, cql: &str) -> Result<(), ShellError> {
        if self.format().is_for_programs() {
            return self.run_statement(cql).await;
        }
        let client = self.client().await?;
        let mut options = self.request_options();
        let mut rows = Vec::new();
        loop {
            let query = Query::new(cql).options(options.clone());
            let result = client.query(query).await?;
            self.print_warnings(&result)?;
            rows.extend(result.rows);
            match result.paging_state {
                Some(state) => options.paging_state = Some(state),
                None => break,
            }
        }
        let columns = self.output.screen(false).columns;
        Ok(write_description(self.output.results(), &rows, columns)?)
    }

    async fn print_pages(
        &mut self,
        client: &Client,
        cql: &str,
        mut options: RequestOptions,
        mut result: QueryResult,
        receipts: &mut Vec<Receipt>,
    ) -> Result<(), ShellError> {
        let asks = self.settings.paging && !self.format().is_for_programs();
        let terminal = self.output.terminal().filter(|_| asks);
        let screen = self.output.screen(terminal.is_some());
        let mut printer = printer(self.format(), screen);
        let is_count = result
            .columns
            .first()
            .is_none_or(|column| column.name != APPLIED);
        let mut rows: u64 = 0;
        loop {
            rows += result.rows.len() as u64;
            printer.page(self.output.results(), &result.columns, &result.rows)?;
            let Some(state) = result.paging_state.take() else {
                break;
            };
            if let Some(terminal) = terminal.clone() {
                self.output.flush()?;
                let wants_more = tokio::task::spawn_blocking(move || terminal.wants_more());
                if !wants_more.await.unwrap_or(false) {
                    break;
                }
            }
            options.paging_state = Some(state);
            let query = Query::new(cql).options(options.clone());
            result = client.query(query).await?;
            receipts.extend(result.receipt.take());
            self.print_warnings(&result)?;
        }
        Ok(printer.end(self.output.results(), is_count.then_some(rows))?)
    }

    fn print_warnings(&mut self, result: &QueryResult) -> Result<(), ShellError> {
        if result.warnings.is_empty() {
            return Ok(());
        }
        let text = format!("\nWarnings :\n{}\n", result.warnings.join("\n"));
        Ok(self.output.message(&text)?)
    }

    fn print_explanation(
        &mut self,
        result: &QueryResult,
        receipts: Vec<Receipt>,
    ) -> Result<(), ShellError> {
        self.print_warnings(result)?;
        if receipts.is_empty() {
            return Err(ShellError::command(
                "the node sent no receipt for EXPLAIN CONSISTENCY",
            ));
        }
        let out = self.output.results();
        for receipt in &receipts {
            writeln!(out, "\n{receipt}\n")?;
        }
        self.last_receipts = receipts;
        Ok(())
    }

    fn print_receipts(&mut self, receipts: Vec<Receipt>) -> Result<(), ShellError> {
        if receipts.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        for receipt in &receipts {
            if self.settings.tracing {
                write_trace(&mut text, receipt, self.output.screen(false))?;
            }
            if self.settings.receipt {
                writeln!(text, "\n{receipt}\n")?;
            }
        }
        self.last_receipts = receipts;
        let text = String::from_utf8_lossy(&text).into_owned();
        if self.output.is_for_programs {
            return Ok(self.output.note(&text)?);
        }
        Ok(self.output.results().write_all(text.as_bytes())?)
    }

    /// Prints the receipts of the last statement again, as its trace.
    pub(crate) fn print_last_trace(&mut self) -> Result<(), ShellError> {
        let receipts = mem::take(&mut self.last_receipts);
        if receipts.is_empty() {
            return Err(ShellError::command(
                "no statement was traced yet; TRACING ON traces the next ones",
            ));
        }
        let screen = self.output.screen(false);
        for receipt in &receipts {
            write_trace(self.output.results(), receipt, screen)?;
        }
        self.last_receipts = receipts;
        Ok(())
    }

    /// Sets how rows are shown.
    pub(crate) fn set_format(&mut self, format: OutputFormat) {
        self.settings.format = format;
        self.output.is_for_programs = format.is_for_programs();
    }
}

/// Whether a statement asks for its receipt and nothing else.
fn explains_consistency(cql: &str) -> bool {
    let mut words = tokenize(cql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .filter_map(|token| cql.get(token.range));
    let mut next_is = |keyword: &str| {
        words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    };
    next_is("EXPLAIN") && next_is("CONSISTENCY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_is_known_by_its_first_two_words() {
        assert!(explains_consistency(
            "explain /* why */ CONSISTENCY select 1"
        ));
        assert!(!explains_consistency("SELECT explain FROM consistency"));
        assert!(!explains_consistency("EXPLAIN"));
    }
}
