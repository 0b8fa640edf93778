//! Of concurrent CREATE TABLEs of one name one at most succeeds, and what was acknowledged is there
//! on every node in the end. (One log decides the schema: design, idea 4.)

use super::Violation;
use crate::history::History;
use crate::history::SchemaAction;
use crate::history::SchemaRequest;
use crate::history::WriteOutcome;
use std::collections::BTreeMap;

/// Judges the changes of tables that are created once and dropped at most once.
pub fn check(history: &History) -> Vec<Violation> {
    let mut tables: BTreeMap<&str, Vec<&SchemaRequest>> = BTreeMap::new();
    for request in &history.schema {
        tables.entry(&request.table).or_default().push(request);
    }
    let mut violations = Vec::new();
    for (table, requests) in tables {
        let acknowledged = |action| {
            let is_acknowledged = |request: &&&SchemaRequest| {
                request.action == action && matches!(request.outcome, WriteOutcome::Acknowledged(_))
            };
            requests.iter().filter(is_acknowledged).count()
        };
        let may_have_dropped = requests.iter().any(|request| {
            request.action == SchemaAction::Drop && request.outcome != WriteOutcome::Refused
        });
        let (created, dropped) = (
            acknowledged(SchemaAction::Create),
            acknowledged(SchemaAction::Drop),
        );
        let mut violation = |what| {
            violations.push(Violation {
                guarantee: "no lost schema change",
                what,
            });
        };
        if created > 1 {
            violation(format!("table {table} was created {created} times"));
        }
        for (node, known) in history.final_tables.iter().enumerate() {
            let is_there = known.iter().any(|name| name == table);
            if is_there && dropped > 0 {
                violation(format!("table {table} was dropped and is on node {node}"));
            }
            if !is_there && created > 0 && !may_have_dropped {
                violation(format!(
                    "table {table} was created and is not on node {node}"
                ));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(action: SchemaAction, outcome: WriteOutcome) -> SchemaRequest {
        SchemaRequest {
            invoked: 1,
            table: "t".to_owned(),
            action,
            outcome,
        }
    }

    fn verdict(schema: Vec<SchemaRequest>, known: &[&[&str]]) -> usize {
        let history = History {
            schema,
            final_tables: known
                .iter()
                .map(|names| names.iter().map(|name| (*name).to_owned()).collect())
                .collect(),
            ..History::default()
        };
        check(&history).len()
    }

    const DONE: WriteOutcome = WriteOutcome::Acknowledged(5);

    #[test]
    fn two_winners_of_one_name_are_flagged() {
        let create = || request(SchemaAction::Create, DONE);
        assert_eq!(verdict(vec![create()], &[&["t"]]), 0);
        assert_eq!(verdict(vec![create(), create()], &[&["t"]]), 1);
    }

    #[test]
    fn an_acknowledged_change_that_a_node_lacks_is_flagged() {
        let create = || request(SchemaAction::Create, DONE);
        assert_eq!(verdict(vec![create()], &[&["t"], &[]]), 1);
        let drop = |outcome| request(SchemaAction::Drop, outcome);
        assert_eq!(verdict(vec![create(), drop(DONE)], &[&[], &["t"]]), 1);
        let unsure = vec![create(), drop(WriteOutcome::Unknown)];
        assert_eq!(verdict(unsure, &[&[], &[]]), 0);
    }
}
