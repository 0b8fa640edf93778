//! Client requests: from a statement with its values to a response, whatever protocol it came by.

use crate::Engine;
use crate::Node;
use crate::World;
use crate::access::authored;
use crate::access::shown_text;
use crate::prepared::Known;
use crate::read_path::ReadRequest;
use crate::system_tables::read_system_table;
use crate::traces;
use crate::traces::Traced;
use crate::write_path::WriteRequest;
use futures_util::future::join_all;
use quorate_cluster::Change;
use quorate_cluster::Metadata;
use quorate_cluster::TableSchema;
use quorate_coordinator::Receipt;
use quorate_gossip::ApplicationState;
use quorate_internode::PeerRequest;
use quorate_query::BatchKind;
use quorate_query::BatchPlan;
use quorate_query::BoundBatch;
use quorate_query::BoundValue;
use quorate_query::Context;
use quorate_query::ModifyPlan;
use quorate_query::Plan;
use quorate_query::Prepared;
use quorate_query::ResultSet;
use quorate_query::SchemaPlan;
use quorate_query::SelectPlan;
use quorate_request::Batch;
use quorate_request::Connected;
use quorate_request::Execute;
use quorate_request::Frontend;
use quorate_request::Options;
use quorate_request::Outcome;
use quorate_request::PreparedStatement;
use quorate_request::Response;
use quorate_request::ResultColumns;
use quorate_request::SchemaChange;
use quorate_request::SchemaChangeKind;
use quorate_request::Statement;
use quorate_request::StatementId;
use quorate_types::ConsistencyLevel;
use quorate_types::Deadline;
use quorate_types::HostId;
use quorate_types::Monotonic;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use quorate_types::WriteType;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

/// What every part of one request shares.
struct Request<'a> {
    options: &'a Options,
    metadata: Arc<Metadata>,
    level: ConsistencyLevel,
    started: Monotonic,
    now: NowInSeconds,
    now_millis: i64,
    timestamp: WriteTimestamp,
    timestamp_max: WriteTimestamp,
}

impl<W: World> Frontend for Node<W> {
    async fn execute(&self, mut request: Execute) -> Result<Response, RequestError> {
        let _counted = self.admit()?;
        let this = self.begin(&request.options)?;
        let is_prepared = matches!(request.statement, Statement::Prepared(_));
        let known = self.plan_of(&mut request.statement, &this)?;
        let plan = &known.prepared.plan;
        self.authorize(&this.metadata, &request.options, plan)?;
        let names = request.names.as_deref();
        let mut response = self.run(&this, plan, &request.values, names).await?;
        let title = if is_prepared {
            response.columns = Some(ResultColumns {
                id: known.prepared.result_metadata_id,
                have_changed: known.have_columns_changed,
            });
            "Execute CQL3 prepared query"
        } else {
            "Execute CQL3 query"
        };
        let shown = shown_text(plan, &known.text);
        self.trace(&this, title, shown, &mut response);
        Ok(response)
    }

    async fn prepare(
        &self,
        text: String,
        keyspace: Option<String>,
        role: Option<Arc<str>>,
    ) -> Result<PreparedStatement, RequestError> {
        let _counted = self.admit()?;
        let metadata = self.current_metadata();
        let prepared = quorate_query::prepare(&text, &metadata, keyspace.as_deref())?;
        self.authorize_role(&metadata, role.as_deref(), &prepared.plan)?;
        let schema_epoch = metadata.schema_epoch;
        let before = self.inner().prepared.get(&prepared.id);
        let known = Known {
            have_columns_changed: before.is_some_and(|before| before.have_columns_changed),
            is_outdated: false,
            prepared,
            text,
            keyspace,
            schema_epoch,
        };
        let known = self.inner().prepared.insert(known);
        let prepared = &known.prepared;
        Ok(PreparedStatement {
            id: prepared.id,
            markers: prepared.markers.clone(),
            result_columns: prepared.result_columns.clone(),
            result_metadata_id: prepared.result_metadata_id,
            partition_key_markers: prepared.partition_key_markers.clone(),
            is_idempotent: prepared.is_idempotent,
            is_select: matches!(prepared.plan, Plan::Select(_)),
        })
    }

    async fn batch(&self, mut request: Batch) -> Result<Response, RequestError> {
        let _counted = self.admit()?;
        let this = self.begin(&request.options)?;
        let mut prepared = Vec::with_capacity(request.statements.len());
        for (statement, values) in &mut request.statements {
            let known = self.plan_of(statement, &this)?;
            self.authorize(&this.metadata, &request.options, &known.prepared.plan)?;
            prepared.push((known, values.as_slice()));
        }
        let statements: Vec<(&Prepared, &[BoundValue])> = prepared
            .iter()
            .map(|(known, values)| (&known.prepared, *values))
            .collect();
        let kind = if request.logged {
            BatchKind::Logged
        } else {
            BatchKind::Unlogged
        };
        let bound = self.with_context(&this, &[], None, |context| {
            quorate_query::batch(kind, &statements, context)
        })?;
        let mut response = self.write_batch(&this, bound).await?;
        let shown = format!("a batch of {} statements", statements.len());
        self.trace(
            &this,
            "Execute batch of CQL3 queries",
            &shown,
            &mut response,
        );
        Ok(response)
    }

    fn requires_authentication(&self) -> bool {
        self.config().authentication
    }

    async fn authenticate(&self, name: String, password: String) -> Result<Arc<str>, RequestError> {
        let _counted = self.admit()?;
        self.log_in(name, password).await
    }

    fn note_connection(&self, connection: Weak<dyn Connected>) {
        self.inner().clients.note(connection);
    }

    fn metadata(&self) -> Arc<Metadata> {
        self.current_metadata()
    }

    fn is_up(&self, host: HostId) -> bool {
        self.is_peer_up(host)
    }

    fn is_ready(&self, host: HostId) -> bool {
        if host == self.me() {
            return self.is_serving();
        }
        let gossip = self.gossip();
        let endpoint = gossip.endpoint(host);
        gossip.is_up(host)
            && endpoint.is_some_and(|endpoint| {
                let says = |state| endpoint.value(state).is_some_and(|value| value == "true");
                says(ApplicationState::Ready) && !says(ApplicationState::Draining)
            })
    }

    fn host_id(&self) -> HostId {
        self.me()
    }

    fn changed(&self, seen: u64) -> impl Future<Output = u64> + Send {
        let mut changes = self.subscribe_changes();
        async move {
            // The sender lives as long as the node: waiting ends only with news.
            loop {
                let current = *changes.borrow_and_update();
                if current > seen {
                    return current;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// Counts a request as long as it lives.
struct Counted<W: World>(Node<W>);

impl<W: World> Drop for Counted<W> {
    fn drop(&mut self) {
        self.0.inner().in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<W: World> Node<W> {
    /// Lets a request in, or refuses it: a queue that grows answers nobody in time.
    fn admit(&self) -> Result<Counted<W>, RequestError> {
        if !self.is_serving() {
            return Err(RequestError::Bootstrapping(
                "the node does not serve requests now".to_owned(),
            ));
        }
        let in_flight = self.inner().in_flight.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(self.clone());
        if in_flight >= self.config().requests_in_flight_max {
            return Err(RequestError::Overloaded(format!(
                "{in_flight} requests are in progress, the node takes no more"
            )));
        }
        Ok(counted)
    }

    fn begin<'a>(&self, options: &'a Options) -> Result<Request<'a>, RequestError> {
        if options.page_size == Some(0) {
            return Err(RequestError::Protocol(
                "The page size cannot be 0".to_owned(),
            ));
        }
        let wall = self.world().unix_micros();
        let ahead_max = self.config().timestamp_ahead_max.as_micros();
        let ahead_max = i64::try_from(ahead_max).unwrap_or(i64::MAX);
        let latest = WriteTimestamp::saturating(wall.saturating_add(ahead_max));
        // The node's own clock is always good enough, even after the machine's was set back.
        let (timestamp, timestamp_max) = if let Some(given) = options.timestamp {
            (given, latest)
        } else {
            let own = self.inner().clock.next(wall);
            (own, own.max(latest))
        };
        Ok(Request {
            options,
            metadata: self.current_metadata(),
            level: options
                .consistency
                .unwrap_or(self.config().default_consistency),
            started: self.now(),
            now: options.now.unwrap_or_else(|| self.now_in_seconds()),
            now_millis: wall / 1_000,
            timestamp,
            timestamp_max,
        })
    }

    /// The plan of a statement, whose text is taken.
    fn plan_of(
        &self,
        statement: &mut Statement,
        this: &Request<'_>,
    ) -> Result<Arc<Known>, RequestError> {
        let text = match statement {
            Statement::Text(text) => std::mem::take(text),
            Statement::Prepared(id) => return self.known_statement(id, this),
        };
        let keyspace = this.options.keyspace.as_deref();
        Ok(Arc::new(Known {
            prepared: quorate_query::prepare(&text, &this.metadata, keyspace)?,
            text,
            schema_epoch: this.metadata.schema_epoch,
            keyspace: None,
            have_columns_changed: false,
            is_outdated: false,
        }))
    }

    /// The plan of a prepared statement, made anew when the schema has changed since.
    fn known_statement(
        &self,
        id: &StatementId,
        this: &Request<'_>,
    ) -> Result<Arc<Known>, RequestError> {
        let unprepared = || {
            let hex = id.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            RequestError::Unprepared(hex)
        };
        let statements = &self.inner().prepared;
        let mut known = statements.get(id).ok_or_else(unprepared)?;
        let metadata = &this.metadata;
        if known.schema_epoch != metadata.schema_epoch {
            let keyspace = known.keyspace.as_deref();
            let prepared = quorate_query::prepare(&known.text, metadata, keyspace)?;
            let differs = prepared.result_metadata_id != known.prepared.result_metadata_id;
            known = statements.insert(Known {
                prepared,
                text: known.text.clone(),
                schema_epoch: metadata.schema_epoch,
                keyspace: known.keyspace.clone(),
                have_columns_changed: known.have_columns_changed || differs,
                is_outdated: known.is_outdated || differs,
            });
        }
        if known.is_outdated && this.options.keeps_columns {
            return Err(unprepared());
        }
        Ok(known)
    }

    /// Writes down what happened, when the client wants to know.
    fn trace(
        &self,
        this: &Request<'_>,
        request: &'static str,
        query: &str,
        response: &mut Response,
    ) {
        let options = this.options;
        if !options.trace {
            return;
        }
        let mut parameters = BTreeMap::from([
            ("query".to_owned(), query.to_owned()),
            ("consistency_level".to_owned(), this.level.to_string()),
        ]);
        if let Some(page_size) = options.page_size {
            parameters.insert("page_size".to_owned(), page_size.to_string());
        }
        let traced = Traced {
            request,
            parameters,
            client: options.client,
            duration: self.now().since(this.started),
        };
        response.tracing_id = Some(self.keep_trace(traced, response.receipt.as_ref()));
    }

    fn with_context<T>(
        &self,
        this: &Request<'_>,
        values: &[BoundValue],
        names: Option<&[String]>,
        act: impl FnOnce(&mut Context<'_>) -> T,
    ) -> T {
        let world = self.world();
        let mut uuids = || uuid::Builder::from_random_bytes(random_bytes(world)).into_uuid();
        let mut time_uuids = || self.time_uuid();
        act(&mut Context {
            values,
            names,
            now: this.now,
            timestamp: this.timestamp,
            timestamp_max: this.timestamp_max,
            uuids: &mut uuids,
            time_uuids: &mut time_uuids,
            now_millis: this.now_millis,
        })
    }

    /// A version 1 UUID that no other call gives: its time is the node's own clock, which never
    /// repeats, its node bits are the host id's.
    pub(crate) fn time_uuid(&self) -> Uuid {
        let micros = self.inner().clock.next(self.world().unix_micros()).micros();
        let ticks_since_1970 = u64::try_from(micros).unwrap_or(0).saturating_mul(10);
        let timestamp = uuid::Timestamp::from_unix_time(
            ticks_since_1970 / 10_000_000,
            u32::try_from(ticks_since_1970 % 10_000_000 * 100).unwrap_or(0),
            0,
            14,
        );
        let host = self.me().0.into_bytes();
        let node = host.last_chunk::<6>().copied().unwrap_or_default();
        Uuid::new_v1(timestamp, &node)
    }

    async fn run(
        &self,
        this: &Request<'_>,
        plan: &Plan,
        values: &[BoundValue],
        names: Option<&[String]>,
    ) -> Result<Response, RequestError> {
        // What is rare is boxed: every request in progress would take as much memory as the largest.
        match plan {
            Plan::Select(select) => self.select(this, select, values, names).await,
            Plan::Modify(modify) => self.modify(this, modify, values, names).await,
            Plan::Batch(batch) => Box::pin(self.batch_statement(this, batch, values, names)).await,
            Plan::Schema(schema) => Box::pin(self.change_schema(this, schema)).await,
            Plan::Role(role) => Box::pin(self.change_roles(this.options, role)).await,
            Plan::ListRoles(list) => {
                let rows = list.execute(&this.metadata, this.options.role.as_deref())?;
                Ok(plain(Outcome::Rows(rows)))
            }
            Plan::Use(keyspace) => Ok(plain(Outcome::SetKeyspace(keyspace.clone()))),
            Plan::Truncate { table } => {
                Box::pin(self.truncate(table)).await?;
                Ok(plain(Outcome::Void))
            }
            Plan::ExplainConsistency(inner) => {
                let mut response = Box::pin(self.run(this, inner, values, names)).await?;
                response.outcome = match response.outcome {
                    Outcome::Rows(rows) => Outcome::Rows(ResultSet {
                        rows: Vec::new(),
                        ..rows
                    }),
                    other => other,
                };
                Ok(response)
            }
            Plan::Describe(describe) => {
                let rows = describe.execute(&this.metadata)?;
                Ok(plain(Outcome::Rows(rows)))
            }
        }
    }

    // R2 compile → ReadCommand.
    async fn select(
        &self,
        this: &Request<'_>,
        plan: &SelectPlan,
        values: &[BoundValue],
        names: Option<&[String]>,
    ) -> Result<Response, RequestError> {
        let page_size = this.options.page_size.unwrap_or(self.config().page_size);
        let paging_state = this.options.paging_state.as_deref();
        let mut execution = self.with_context(this, values, names, |context| {
            plan.bind(context, Some(page_size), paging_state)
        })?;
        let timeout = if plan.names_partitions() {
            self.config().read_timeout
        } else {
            self.config().range_timeout
        };
        let request = ReadRequest {
            metadata: this.metadata.clone(),
            table: plan.table().clone(),
            level: this.level,
            started: this.started,
            deadline: deadline(this, timeout),
        };
        let mut system_table = self.system_table(plan.table(), &this.metadata);
        let mut receipt: Option<Receipt> = None;
        loop {
            let commands = execution.next_reads();
            if commands.is_empty() {
                break;
            }
            if let Some(table) = &mut system_table {
                if plan.table().keyspace == traces::KEYSPACE {
                    self.gather_traces(plan.table(), &commands, &this.metadata, table)
                        .await;
                }
                execution.feed(read_system_table(table, &commands)?)?;
                continue;
            }
            let reads = commands
                .into_iter()
                .map(|command| self.read(&request, command));
            let mut replies = Vec::new();
            for outcome in join_all(reads).await {
                let (reply, part) = outcome?;
                replies.push(reply);
                receipt = Some(match receipt {
                    None => part,
                    Some(before) => before.and(part),
                });
            }
            execution.feed(replies)?;
        }
        let mut rows = execution.finish()?;
        Ok(Response {
            warnings: std::mem::take(&mut rows.warnings),
            outcome: Outcome::Rows(rows),
            receipt,
            columns: None,
            tracing_id: None,
        })
    }

    // W2 compile: plan + values → one encoded `Mutation`.
    async fn modify(
        &self,
        this: &Request<'_>,
        plan: &ModifyPlan,
        values: &[BoundValue],
        names: Option<&[String]>,
    ) -> Result<Response, RequestError> {
        let mutations = self.with_context(this, values, names, |context| plan.bind(context))?;
        let write_type = if mutations.len() > 1 {
            WriteType::UnloggedBatch
        } else {
            WriteType::Simple
        };
        let receipt = self
            .write(&self.write_request(this, write_type), mutations)
            .await?;
        Ok(Response {
            outcome: Outcome::Void,
            warnings: Vec::new(),
            receipt: Some(receipt),
            columns: None,
            tracing_id: None,
        })
    }

    async fn batch_statement(
        &self,
        this: &Request<'_>,
        plan: &BatchPlan,
        values: &[BoundValue],
        names: Option<&[String]>,
    ) -> Result<Response, RequestError> {
        let bound = self.with_context(this, values, names, |context| plan.bind(context))?;
        self.write_batch(this, bound).await
    }

    async fn write_batch(
        &self,
        this: &Request<'_>,
        bound: BoundBatch,
    ) -> Result<Response, RequestError> {
        let BoundBatch {
            mutations,
            logged,
            warnings,
        } = bound;
        let single = mutations.len() <= 1;
        let write_type = match (single, logged) {
            (true, _) => WriteType::Simple,
            (false, true) => WriteType::Batch,
            (false, false) => WriteType::UnloggedBatch,
        };
        let request = self.write_request(this, write_type);
        let receipt = if logged && !single {
            self.write_logged(&request, mutations).await?
        } else {
            self.write(&request, mutations).await?
        };
        Ok(Response {
            outcome: Outcome::Void,
            warnings,
            receipt: Some(receipt),
            columns: None,
            tracing_id: None,
        })
    }

    fn write_request(&self, this: &Request<'_>, write_type: WriteType) -> WriteRequest {
        WriteRequest {
            metadata: this.metadata.clone(),
            level: this.level,
            write_type,
            timestamp: this.timestamp,
            started: this.started,
            deadline: deadline(this, self.config().write_timeout),
        }
    }

    async fn change_schema(
        &self,
        this: &Request<'_>,
        plan: &SchemaPlan,
    ) -> Result<Response, RequestError> {
        let id = uuid::Builder::from_random_bytes(random_bytes(self.world())).into_uuid();
        let transformation = plan.transformation(id, self.world().unix_micros());
        let (change, metadata) = self.commit(authored(this.options, transformation)).await?;
        let warnings = metadata.warnings(&change);
        let outcome = match schema_change(&change) {
            None => Outcome::Void,
            Some((change, keyspace, table)) => {
                let epoch = metadata.epoch;
                Outcome::SchemaChange(SchemaChange {
                    change,
                    keyspace,
                    table,
                    epoch,
                })
            }
        };
        Ok(Response {
            warnings,
            ..plain(outcome)
        })
    }

    /// TRUNCATE: every node must be up, and each drops what it has.
    async fn truncate(&self, table: &Arc<TableSchema>) -> Result<(), RequestError> {
        let metadata = self.current_metadata();
        let hosts: Vec<HostId> = metadata.present_nodes().map(|node| node.host_id).collect();
        let up = hosts.iter().filter(|host| self.is_peer_up(**host)).count();
        if up < hosts.len() {
            return Err(RequestError::Unavailable {
                level: ConsistencyLevel::All,
                required: hosts.len() as u32,
                alive: up as u32,
                datacenter: None,
            });
        }
        let at_millis = self.unix_millis();
        let deadline = Deadline(self.now().after(self.config().truncate_timeout));
        let outcomes = join_all(hosts.into_iter().map(|host| async move {
            if host == self.me() {
                let done = self.engine().truncate(table.id, at_millis).await;
                return done.map_err(|failure| failure.message);
            }
            let request = PeerRequest::Truncate {
                table: table.id,
                at_millis,
            };
            self.ask_peer(host, request, deadline)
                .await
                .map(|_| ())
                .map_err(|failure| failure.message)
        }));
        outcomes
            .await
            .into_iter()
            .collect::<Result<(), String>>()
            .map_err(RequestError::Truncate)
    }
}

/// When the request's time is up: the client's own patience, at most the node's limit.
fn deadline(this: &Request<'_>, limit: Duration) -> Deadline {
    let wanted = this.options.timeout.unwrap_or(limit);
    Deadline(this.started.after(wanted.min(limit)))
}

pub(crate) fn random_bytes<W: World>(world: &W) -> [u8; 16] {
    let both = u128::from(world.random()) << 64 | u128::from(world.random());
    both.to_be_bytes()
}

/// A response of nothing but its outcome.
pub(crate) const fn plain(outcome: Outcome) -> Response {
    Response {
        outcome,
        warnings: Vec::new(),
        receipt: None,
        columns: None,
        tracing_id: None,
    }
}

fn schema_change(change: &Change) -> Option<(SchemaChangeKind, String, Option<String>)> {
    match change {
        Change::None | Change::Nodes | Change::Roles => None,
        Change::KeyspaceCreated(name) => Some((SchemaChangeKind::Created, name.clone(), None)),
        Change::KeyspaceAltered(name) => Some((SchemaChangeKind::Updated, name.clone(), None)),
        Change::KeyspaceDropped { name, .. } => {
            Some((SchemaChangeKind::Dropped, name.clone(), None))
        }
        Change::TableCreated { keyspace, name, .. } => Some((
            SchemaChangeKind::Created,
            keyspace.clone(),
            Some(name.clone()),
        )),
        Change::TableAltered { keyspace, name, .. } => Some((
            SchemaChangeKind::Updated,
            keyspace.clone(),
            Some(name.clone()),
        )),
        Change::TableDropped { keyspace, name, .. } => Some((
            SchemaChangeKind::Dropped,
            keyspace.clone(),
            Some(name.clone()),
        )),
    }
}
