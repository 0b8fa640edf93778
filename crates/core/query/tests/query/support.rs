//! A whole database in a few maps: metadata, one sorted map per table, a clock that is set by hand.
//!
//! Statements go the way they go in a node (prepare, bind, mutations merged into the store, reads
//! answered from it), only without a network between.

use bytes::Bytes;
use quorate_cluster::Metadata;
use quorate_cluster::Node;
use quorate_cluster::NodeState;
use quorate_cluster::SaltedHash;
use quorate_cluster::Transformation;
use quorate_data::DataReply;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::key::partition_prefix;
use quorate_data::partition::PairCursor;
use quorate_data::partition::Pairs;
use quorate_data::partition::read;
use quorate_data::read::merge_replies;
use quorate_data::reconcile::merge_fragments;
use quorate_data::text::format_text;
use quorate_query::BoundValue;
use quorate_query::Context;
use quorate_query::Plan;
use quorate_query::Prepared;
use quorate_query::ResultSet;
use quorate_query::SelectPlan;
use quorate_query::prepare;
use quorate_query::refused;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::TableId;
use quorate_types::WriteTimestamp;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::convert::Infallible;
use uuid::Uuid;

/// One table's entries.
#[derive(Debug, Default, Clone)]
pub(crate) struct Store(BTreeMap<Vec<u8>, Bytes>);

impl Store {
    fn apply(&mut self, mutation: &Mutation) {
        let prefix = partition_prefix(mutation.token(), &mutation.key);
        for entry in &mutation.entries {
            let key = [&prefix[..], &entry.suffix[..]].concat();
            let merged = match self.0.get(&key) {
                None => entry.fragment.clone(),
                Some(known) => {
                    let mut out = Vec::new();
                    merge_fragments(known, &entry.fragment, &mut out).unwrap();
                    Bytes::from(out)
                }
            };
            self.0.insert(key, merged);
        }
    }
}

impl Pairs for Store {
    type Error = Infallible;
    type Cursor<'a> = StoreCursor<'a>;

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Infallible> {
        Ok(self.0.get(key).cloned())
    }

    fn cursor<'a>(&'a self, lower: &[u8], upper: Option<&[u8]>) -> StoreCursor<'a> {
        StoreCursor {
            store: self,
            lower: lower.to_vec(),
            upper: upper.map(<[u8]>::to_vec),
            at: None,
        }
    }
}

/// Stands on a key of the map.
#[derive(Debug)]
pub(crate) struct StoreCursor<'a> {
    store: &'a Store,
    lower: Vec<u8>,
    upper: Option<Vec<u8>>,
    at: Option<&'a [u8]>,
}

impl StoreCursor<'_> {
    fn inside(&self, key: &[u8]) -> bool {
        key >= &self.lower[..] && self.upper.as_ref().is_none_or(|upper| key < &upper[..])
    }
}

impl PairCursor for StoreCursor<'_> {
    type Error = Infallible;

    fn seek(&mut self, key: &[u8]) {
        let from = key.max(&self.lower).to_vec();
        let found = self.store.0.range(from..).next();
        self.at = found
            .map(|(key, _)| &key[..])
            .filter(|key| self.inside(key));
    }

    fn seek_for_prev(&mut self, key: &[u8]) {
        let found = self.store.0.range(..=key.to_vec()).rev();
        let mut found = found.skip_while(|(key, _)| {
            self.upper
                .as_ref()
                .is_some_and(|upper| key[..] >= upper[..])
        });
        self.at = found
            .next()
            .map(|(key, _)| &key[..])
            .filter(|key| self.inside(key));
    }

    fn next(&mut self) {
        if let Some(at) = self.at {
            let mut after = at.to_vec();
            after.push(0);
            self.seek(&after);
        }
    }

    fn prev(&mut self) {
        if let Some(at) = self.at {
            let found = self.store.0.range(..at.to_vec()).next_back();
            self.at = found
                .map(|(key, _)| &key[..])
                .filter(|key| self.inside(key));
        }
    }

    fn item(&self) -> Result<Option<(&[u8], &[u8])>, Infallible> {
        Ok(self.at.map(|key| (key, &self.store.0[key][..])))
    }
}

/// The database.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) metadata: Metadata,
    pub(crate) stores: BTreeMap<TableId, Store>,
    pub(crate) now: u32,
    pub(crate) micros: i64,
    /// Replies are cut after this many rows, whatever was asked.
    pub(crate) reply_rows: u32,
    pub(crate) page_size: Option<u32>,
    keyspace: Option<String>,
    ids: Cell<u128>,
}

impl World {
    /// One node, keyspace `ks` in use.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            metadata: Metadata::empty("test"),
            stores: BTreeMap::new(),
            now: 1_700_000_000,
            micros: 1_700_000_000_000_000,
            reply_rows: u32::MAX,
            page_size: None,
            keyspace: None,
            ids: Cell::new(1),
        };
        let endpoint = |port| Endpoint {
            host: "127.0.0.1".to_owned(),
            port,
        };
        world
            .transform(&Transformation::Initialize {
                cluster_name: "test".to_owned(),
                first: Node {
                    host_id: HostId(Uuid::from_u128(1)),
                    internode: endpoint(7000),
                    client: endpoint(9000),
                    native: None,
                    datacenter: "dc1".to_owned(),
                    rack: "r1".to_owned(),
                    state: NodeState::Normal,
                    tokens: BTreeSet::new(),
                    build: String::new(),
                },
                num_tokens: 4,
            })
            .unwrap();
        world.ok("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
        world.ok("USE ks");
        world
    }

    /// A world with these tables.
    pub(crate) fn with(tables: &[&str]) -> Self {
        let mut world = Self::new();
        for table in tables {
            world.ok(table);
        }
        world
    }

    fn transform(&mut self, transformation: &Transformation) -> Result<(), RequestError> {
        let (next, _) = self.metadata.apply(transformation).map_err(refused)?;
        self.metadata = next;
        Ok(())
    }

    pub(crate) fn next_id(&self) -> u128 {
        self.ids.set(self.ids.get() + 1);
        self.ids.get()
    }

    /// Calls with a context of now.
    pub(crate) fn in_context<R>(
        &self,
        values: &[BoundValue],
        call: impl FnOnce(&mut Context<'_>) -> R,
    ) -> R {
        let mut uuids =
            || Uuid::from_u128(self.next_id() << 80 | 0x4000_8000_0000_0000_0000 | self.next_id());
        let mut time_uuids =
            || Uuid::from_u128(self.next_id() << 96 | 0x11e6_8000_0000_0000_0000 | self.next_id());
        call(&mut Context {
            values,
            names: None,
            now: NowInSeconds(self.now),
            timestamp: WriteTimestamp::new(self.micros).unwrap(),
            uuids: &mut uuids,
            time_uuids: &mut time_uuids,
            timestamp_max: WriteTimestamp::MAX,
            now_millis: i64::from(self.now) * 1000,
        })
    }

    pub(crate) fn prepare(&self, text: &str) -> Result<Prepared, RequestError> {
        prepare(text, &self.metadata, self.keyspace.as_deref())
    }

    pub(crate) fn run(&mut self, text: &str) -> Result<Option<ResultSet>, RequestError> {
        self.run_with(text, &[])
    }

    pub(crate) fn run_with(
        &mut self,
        text: &str,
        values: &[BoundValue],
    ) -> Result<Option<ResultSet>, RequestError> {
        let prepared = self.prepare(text)?;
        self.execute(&prepared.plan, values)
    }

    pub(crate) fn execute(
        &mut self,
        plan: &Plan,
        values: &[BoundValue],
    ) -> Result<Option<ResultSet>, RequestError> {
        self.micros += 1;
        match plan {
            Plan::Select(select) => self.select(select, values).map(Some),
            Plan::Modify(modify) => {
                let mutations = self.in_context(values, |context| modify.bind(context))?;
                self.apply(&mutations);
                Ok(None)
            }
            Plan::Batch(batch) => {
                let bound = self.in_context(values, |context| batch.bind(context))?;
                self.apply(&bound.mutations);
                Ok(None)
            }
            Plan::Schema(schema) => {
                let id = Uuid::from_u128(self.next_id());
                let transformation = schema.transformation(id, self.micros);
                self.transform(&transformation)?;
                Ok(None)
            }
            Plan::Use(keyspace) => {
                self.keyspace = Some(keyspace.clone());
                Ok(None)
            }
            Plan::Truncate { table } => {
                self.stores.remove(&table.id);
                Ok(None)
            }
            Plan::ExplainConsistency(inner) => self.execute(inner, values),
            Plan::Describe(describe) => describe.execute(&self.metadata).map(Some),
            Plan::Role(role) => {
                // Nobody logs in here: any hash does.
                let hash = format!("$2a$10${}", "x".repeat(53));
                let generates = role.generates_password();
                let has_password = role.password().is_some() || generates;
                let hash = SaltedHash::new(hash).filter(|_| has_password);
                self.transform(&role.transformation(hash))?;
                Ok(generates.then(|| role.generated(Some("generated"))))
            }
            Plan::ListRoles(list) => list.execute(&self.metadata, None).map(Some),
        }
    }

    pub(crate) fn apply(&mut self, mutations: &[Mutation]) {
        for mutation in mutations {
            // Through the bytes, as between nodes.
            let mutation = Mutation::decode(mutation.encode()).unwrap();
            self.stores
                .entry(mutation.table)
                .or_default()
                .apply(&mutation);
        }
    }

    /// All pages, joined.
    fn select(&self, plan: &SelectPlan, values: &[BoundValue]) -> Result<ResultSet, RequestError> {
        let mut whole = self.page(plan, values, None)?;
        let mut state = whole.paging_state.take();
        while let Some(bytes) = state {
            let mut next = self.page(plan, values, Some(&bytes))?;
            whole.rows.append(&mut next.rows);
            state = next.paging_state;
        }
        Ok(whole)
    }

    pub(crate) fn page(
        &self,
        plan: &SelectPlan,
        values: &[BoundValue],
        state: Option<&[u8]>,
    ) -> Result<ResultSet, RequestError> {
        let bind = |context: &mut Context<'_>| plan.bind(context, self.page_size, state);
        let mut execution = self.in_context(values, bind)?;
        for _ in 0..10_000 {
            let reads = execution.next_reads();
            if reads.is_empty() {
                let result = execution.finish()?;
                if let Some(size) = self.page_size {
                    assert!(
                        result.rows.len() <= size as usize,
                        "a page that is too long"
                    );
                }
                return Ok(result);
            }
            let replies = reads.iter().map(|command| self.reply(command)).collect();
            execution.feed(replies)?;
        }
        panic!("an execution that does not end");
    }

    pub(crate) fn reply(&self, command: &ReadCommand) -> DataReply {
        let mut command = ReadCommand::decode(command.encode()).unwrap();
        command.limits.rows = command.limits.rows.min(self.reply_rows);
        let empty = Store::default();
        let store = self.stores.get(&command.table).unwrap_or(&empty);
        let reply = read(store, &command).unwrap();
        merge_replies(&command, &[reply]).unwrap().reply
    }

    /// Runs a statement that must work.
    #[track_caller]
    pub(crate) fn ok(&mut self, text: &str) {
        if let Err(error) = self.run(text) {
            panic!("{text}: {error}");
        }
    }

    /// The rows of a statement as text: columns joined by a blank, rows by ` / `.
    #[track_caller]
    pub(crate) fn rows(&mut self, text: &str) -> String {
        self.rows_with(text, &[])
    }

    #[track_caller]
    pub(crate) fn rows_with(&mut self, text: &str, values: &[BoundValue]) -> String {
        match self.run_with(text, values) {
            Ok(Some(result)) => shown(&result),
            Ok(None) => String::new(),
            Err(error) => panic!("{text}: {error}"),
        }
    }

    /// The error of a statement that must fail.
    #[track_caller]
    pub(crate) fn error(&mut self, text: &str) -> String {
        match self.run(text) {
            Ok(_) => panic!("{text}: no error"),
            Err(error) => error.to_string(),
        }
    }
}

pub(crate) fn shown(result: &ResultSet) -> String {
    let row = |row: &Vec<Option<Bytes>>| {
        let values: Vec<String> = row
            .iter()
            .zip(result.columns.iter())
            .map(|(value, column)| match value {
                Some(wire) => format_text(column.cql_type, wire),
                None => "null".to_owned(),
            })
            .collect();
        values.join(" ")
    };
    let rows: Vec<String> = result.rows.iter().map(row).collect();
    rows.join(" / ")
}

/// Runs a script: `statement` alone must work, `statement => rows` must give the rows.
#[track_caller]
pub(crate) fn play(world: &mut World, script: &str) {
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        match line.split_once("=>") {
            None => world.ok(line),
            Some((statement, expected)) => {
                assert_eq!(world.rows(statement.trim()), expected.trim(), "{statement}");
            }
        }
    }
}
