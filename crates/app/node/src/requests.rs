//! Client requests: from a statement with its values to a response, whatever protocol it came by.
//!
//! ```text
//!   admit ──▶ begin ──▶ plan_of ──▶ authorize ──▶ run ──▶ trace
//!                                                  ├──▶ select, system tables     select.rs
//!                                                  ├──▶ modify, batches           modify.rs
//!                                                  ├──▶ schema, truncate          change.rs
//!                                                  └──▶ roles                     access.rs
//! ```
//!
//! What plans are bound with is in `context.rs`. Nothing is decided here about replicas: that is for
//! `write_path.rs` and `read_path.rs`.

mod change;
mod context;
mod modify;
mod select;

pub(crate) use context::random_bytes;

use crate::Node;
use crate::World;
use crate::access::shown_text;
use crate::prepared::Known;
use crate::traces::Traced;
use quorate_cluster::Metadata;
use quorate_gossip::ApplicationState;
use quorate_query::BatchKind;
use quorate_query::BoundValue;
use quorate_query::Plan;
use quorate_query::Prepared;
use quorate_query::ResultSet;
use quorate_request::Batch;
use quorate_request::Connected;
use quorate_request::Execute;
use quorate_request::Frontend;
use quorate_request::Options;
use quorate_request::Outcome;
use quorate_request::PreparedStatement;
use quorate_request::Response;
use quorate_request::ResultColumns;
use quorate_request::Statement;
use quorate_request::StatementId;
use quorate_types::ConsistencyLevel;
use quorate_types::Deadline;
use quorate_types::HostId;
use quorate_types::Monotonic;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

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

impl Request<'_> {
    /// When the request's time is up: the client's own patience, at most the node's limit.
    fn deadline(&self, limit: Duration) -> Deadline {
        let wanted = self.options.timeout.unwrap_or(limit);
        Deadline(self.started.after(wanted.min(limit)))
    }
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

    /// Settles what every part of the request shares: the state it is judged by, its level, its times.
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
