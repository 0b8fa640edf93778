//! Prepared statements: finished plans by id. No parsing and no look-up of names when one runs.

use papaya::HashMap;
use quorate_query::Prepared;
use quorate_request::StatementId;
use quorate_types::Epoch;
use std::sync::Arc;

/// A plan, and what it was made from, to make it anew when the schema has changed.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) prepared: Prepared,
    pub(crate) text: String,
    pub(crate) keyspace: Option<String>,
    /// The schema it was planned for.
    pub(crate) schema_epoch: Epoch,
    /// Its result columns have changed since somebody prepared it.
    pub(crate) have_columns_changed: bool,
    /// And nobody has prepared it again: clients that keep columns must.
    pub(crate) is_outdated: bool,
}

/// The statements that clients have prepared here.
#[derive(Debug)]
pub(crate) struct PreparedStatements {
    known: HashMap<StatementId, Arc<Known>>,
    count_max: usize,
}

impl PreparedStatements {
    pub(crate) fn new(count_max: usize) -> Self {
        Self {
            known: HashMap::new(),
            count_max,
        }
    }

    pub(crate) fn get(&self, id: &StatementId) -> Option<Arc<Known>> {
        self.known.pin().get(id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Known>> {
        self.known.pin().values().cloned().collect()
    }

    /// Keeps a plan. When the store is full any other one goes: its clients prepare it again.
    pub(crate) fn insert(&self, known: Known) -> Arc<Known> {
        let pinned = self.known.pin();
        let id = known.prepared.id;
        if pinned.len() >= self.count_max && !pinned.contains_key(&id) {
            let victim = pinned.keys().next().copied();
            if let Some(victim) = victim {
                pinned.remove(&victim);
            }
        }
        let known = Arc::new(known);
        pinned.insert(id, known.clone());
        known
    }
}
