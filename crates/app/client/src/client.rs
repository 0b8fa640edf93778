//! The client: makes requests of what programs ask, carries them out, and keeps the view.

use crate::Batch;
use crate::ClientBuilder;
use crate::ClientError;
use crate::ClusterView;
use crate::PreparedStatement;
use crate::Query;
use crate::QueryResult;
use crate::RequestOptions;
use crate::Row;
use crate::Values;
use crate::batch::Statement;
use crate::builder::Settings;
use crate::convert;
use crate::convert::consistency_to_proto;
use crate::pages::pages_from;
use crate::pages::rows_of;
use crate::proto;
use crate::query::is_select;
use crate::routing::Routing;
use crate::run::Inner;
use crate::run::Job;
use crate::watch;
use crate::watch::Subscription;
use futures_util::Stream;
use proto::execute_request::Statement as StatementKind;
use proto::session_request::Request;
use proto::session_response::Response;
use quorate_types::ConsistencyLevel;
use quorate_types::RequestError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a schema change waits for this client's own view to have it.
const VIEW_WAIT_MAX: Duration = Duration::from_secs(1);

/// A client of a cluster. Clones are cheap and share everything: connections, view and keyspace.
///
/// ```no_run
/// # async fn run() -> Result<(), quorate_client::ClientError> {
/// use quorate_client::Client;
///
/// let client = Client::connect("127.0.0.1:9160").await?;
/// client.use_keyspace("shop").await?;
/// let count: i64 = client.execute("SELECT count(*) FROM carts", ()).await?.single()?;
/// # let _ = count;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

impl Client {
    /// A client with the default settings, by one node of the cluster.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub async fn connect(contact_point: &str) -> Result<Self, ClientError> {
        Self::builder()
            .contact_points([contact_point])
            .build()
            .await
    }

    /// Sets up a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn start(
        settings: Arc<Settings>,
        subscription: Subscription,
        view: ClusterView,
    ) -> Self {
        let inner = Arc::new(Inner::new(settings, &view));
        inner.adopt(view);
        let following = watch::follow(Arc::downgrade(&inner), subscription);
        let _ = inner.follower.set(tokio::spawn(following));
        Self { inner }
    }

    /// Runs a statement with the client's options. Of a SELECT that is the first page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn execute(
        &self,
        cql: &str,
        values: impl Into<Values>,
    ) -> Result<QueryResult, ClientError> {
        self.query(Query::new(cql).bind(values)).await
    }

    /// Runs a statement with options of its own.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn query(&self, query: Query) -> Result<QueryResult, ClientError> {
        let Query {
            cql,
            values,
            options,
        } = query;
        let reads = is_select(&cql);
        let keyspace = self.keyspace_of(&options);
        let request = convert::execute_request(
            StatementKind::Cql(cql),
            values,
            self.options(&options, keyspace, !reads),
        );
        self.run_execute(Job {
            idempotent: options.idempotent.unwrap_or(reads),
            level: options.consistency,
            timeout: self.timeout(&options),
            request: Request::Execute(request),
            partition: None,
            prepared: Vec::new(),
        })
        .await
    }

    /// Has a statement planned once, to run it many times.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn prepare(&self, cql: &str) -> Result<PreparedStatement, ClientError> {
        let keyspace = self.keyspace().unwrap_or_default();
        let request = proto::PrepareRequest {
            cql: cql.to_owned(),
            keyspace: keyspace.clone(),
        };
        let job = Job {
            request: Request::Prepare(request),
            partition: None,
            level: None,
            idempotent: true,
            prepared: Vec::new(),
            timeout: self.inner.settings.request_timeout,
        };
        match self.inner.run(job).await? {
            Response::Prepare(response) => {
                Ok(convert::prepared(cql.to_owned(), keyspace, response)?)
            }
            Response::Execute(_) | Response::Error(_) => Err(wrong_answer()),
        }
    }

    /// Runs a prepared statement, on a replica of its partition if that is bound.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn execute_prepared(
        &self,
        statement: &PreparedStatement,
        values: impl Into<Values>,
        options: RequestOptions,
    ) -> Result<QueryResult, ClientError> {
        let values = values.into();
        let partition = statement.keyspace().zip(statement.token(&values));
        let request = convert::execute_request(
            StatementKind::PreparedId(statement.inner.id.clone()),
            values,
            self.options(&options, String::new(), !statement.reads()),
        );
        self.run_execute(Job {
            idempotent: options.idempotent.unwrap_or(statement.is_idempotent()),
            level: options.consistency,
            timeout: self.timeout(&options),
            request: Request::Execute(request),
            partition,
            prepared: vec![statement],
        })
        .await
    }

    /// Runs a batch, on a replica of its first prepared statement's partition.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn batch(&self, batch: Batch) -> Result<QueryResult, ClientError> {
        use proto::batch_request::Kind;
        use proto::batch_request::statement::Statement as EntryKind;
        let mut statements = Vec::with_capacity(batch.entries.len());
        let (mut prepared, mut partition) = (Vec::new(), None);
        for entry in &batch.entries {
            let values = entry.positional().map_err(ClientError::InvalidArgument)?;
            let statement = match &entry.statement {
                Statement::Text(cql) => EntryKind::Cql(cql.clone()),
                Statement::Prepared(statement) => {
                    partition = partition
                        .or_else(|| statement.keyspace().zip(statement.token(&entry.values)));
                    prepared.push(statement);
                    EntryKind::PreparedId(statement.inner.id.clone())
                }
            };
            statements.push(proto::batch_request::Statement {
                statement: Some(statement),
                values: values.into_iter().map(convert::value_to_proto).collect(),
            });
        }
        prepared.sort_unstable_by_key(|statement| statement.id());
        prepared.dedup_by_key(|statement| statement.id());
        let kind = if batch.logged {
            Kind::Logged
        } else {
            Kind::Unlogged
        };
        let options = &batch.options;
        let request = proto::BatchRequest {
            kind: kind.into(),
            statements,
            options: Some(self.options(options, self.keyspace_of(options), true)),
        };
        self.run_execute(Job {
            idempotent: batch.is_idempotent(),
            level: options.consistency,
            timeout: self.timeout(options),
            request: Request::Batch(request),
            partition,
            prepared,
        })
        .await
    }

    /// Runs a SELECT and gives its rows one by one; pages are fetched as they are needed, each
    /// within the request's timeout, from whichever node can be asked.
    ///
    /// ```no_run
    /// # async fn run(client: quorate_client::Client) -> Result<(), quorate_client::ClientError> {
    /// use futures_util::TryStreamExt;
    /// use quorate_client::Query;
    /// use std::pin::pin;
    ///
    /// let mut rows = pin!(client.rows(Query::new("SELECT user FROM shop.carts")));
    /// while let Some(row) = rows.try_next().await? {
    ///     let user: String = row.get("user")?;
    ///     eprintln!("{user}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn rows(
        &self,
        query: Query,
    ) -> impl Stream<Item = Result<Row, ClientError>> + Send + use<> {
        rows_of(self.pages(query))
    }

    /// As [`Self::rows`], page by page.
    pub fn pages(
        &self,
        query: Query,
    ) -> impl Stream<Item = Result<QueryResult, ClientError>> + Send + use<> {
        let client = self.clone();
        let first = query.options.paging_state.clone();
        pages_from(first, move |paging_state| {
            let (client, mut query) = (client.clone(), query.clone());
            query.options.paging_state = paging_state;
            async move { client.query(query).await }
        })
    }

    /// As [`Self::rows`], of a prepared statement.
    pub fn rows_prepared(
        &self,
        statement: &PreparedStatement,
        values: Values,
        options: RequestOptions,
    ) -> impl Stream<Item = Result<Row, ClientError>> + Send + use<> {
        let (client, statement) = (self.clone(), statement.clone());
        let first = options.paging_state.clone();
        rows_of(pages_from(first, move |paging_state| {
            let (client, statement) = (client.clone(), statement.clone());
            let (values, mut options) = (values.clone(), options.clone());
            options.paging_state = paging_state;
            async move { client.execute_prepared(&statement, values, options).await }
        }))
    }

    /// The cluster as it is now.
    pub fn cluster(&self) -> Arc<ClusterView> {
        Arc::clone(&self.inner.routing.load().view)
    }

    /// The cluster as it changes.
    pub fn cluster_changes(&self) -> tokio::sync::watch::Receiver<Arc<ClusterView>> {
        self.inner.views.subscribe()
    }

    /// Makes `name` the keyspace of names without one, for this client and its clones.
    ///
    /// # Errors
    /// [`ClientError::Request`] when there is no such keyspace.
    pub async fn use_keyspace(&self, name: &str) -> Result<(), ClientError> {
        let quoted = name.replace('"', "\"\"");
        self.execute(&format!("USE \"{quoted}\""), ()).await?;
        Ok(())
    }

    /// The keyspace of names without one.
    pub fn keyspace(&self) -> Option<String> {
        self.inner
            .keyspace
            .load()
            .as_ref()
            .map(|name| String::clone(name))
    }

    /// Refuses requests from now on and lets the connections go; those in flight still end.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
        if let Some(follower) = self.inner.follower.get() {
            follower.abort();
        }
        let view = self.cluster();
        let nodes = Vec::new();
        self.inner.routing.store(Arc::new(Routing { view, nodes }));
    }

    fn timeout(&self, options: &RequestOptions) -> Duration {
        options
            .timeout
            .unwrap_or(self.inner.settings.request_timeout)
    }

    fn keyspace_of(&self, options: &RequestOptions) -> String {
        let own = options.keyspace.clone();
        own.or_else(|| self.keyspace()).unwrap_or_default()
    }

    fn options(&self, options: &RequestOptions, keyspace: String, writes: bool) -> proto::Options {
        let settings = &self.inner.settings;
        let code = |level: Option<ConsistencyLevel>| {
            level.map_or(0, |level| consistency_to_proto(level).into())
        };
        // Fixed before the first try, so that a repetition writes the same.
        let stamped = writes && settings.client_timestamps;
        let own_clock = || stamped.then(|| self.inner.clock.next());
        proto::Options {
            consistency: code(options.consistency.or(settings.consistency)),
            serial_consistency: code(options.serial_consistency.or(settings.serial_consistency)),
            page_size: options.page_size.or(settings.page_size).unwrap_or(0),
            paging_state: options.paging_state.clone().unwrap_or_default(),
            keyspace,
            timestamp: options.timestamp.or_else(own_clock),
            receipt: options.receipt,
            timeout_micros: u64::try_from(self.timeout(options).as_micros()).unwrap_or(0),
        }
    }

    async fn run_execute(&self, job: Job<'_>) -> Result<QueryResult, ClientError> {
        let Response::Execute(response) = self.inner.run(job).await? else {
            return Err(wrong_answer());
        };
        let result = convert::query_result(response)?;
        if let Some(keyspace) = &result.keyspace_changed {
            self.inner.keyspace.store(Some(Arc::new(keyspace.clone())));
        }
        if let Some(change) = &result.schema_change {
            self.wait_for_epoch(change.epoch).await;
        }
        Ok(result)
    }

    /// So that the view has what this client changed. Not having it in time does no harm.
    async fn wait_for_epoch(&self, epoch: u64) {
        let mut views = self.inner.views.subscribe();
        let arrived = views.wait_for(|view| view.epoch >= epoch);
        let _ = tokio::time::timeout(VIEW_WAIT_MAX, arrived).await;
    }
}

fn wrong_answer() -> ClientError {
    let message = "the node answered something else than was asked".to_owned();
    RequestError::Protocol(message).into()
}
