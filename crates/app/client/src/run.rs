//! Carries requests out: offers each to one node after another, within its time.
//!
//! # Invariants
//!
//! * **Q1** A request is sent again only if it has not happened, or may happen twice.
//! * **Q2** All tries of a request send the same bytes: the same values, the same timestamp.

use crate::ClientError;
use crate::ClusterView;
use crate::PreparedStatement;
use crate::builder::Settings;
use crate::clock::Clock;
use crate::node::Node;
use crate::proto;
use crate::retry::Decision;
use crate::retry::Retries;
use crate::routing::Routing;
use crate::routing::Wish;
use crate::session::Failure;
use crate::session::MESSAGE_BYTES_MAX;
use arc_swap::ArcSwap;
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use prost::Message;
use proto::execute_request::Statement as StatementKind;
use proto::session_request::Request;
use proto::session_response::Response;
use quorate_types::ConsistencyLevel;
use quorate_types::RequestError;
use quorate_types::Token;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinHandle;

/// What all clones of a client share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: Arc<Settings>,
    pub(crate) routing: ArcSwap<Routing>,
    pub(crate) views: tokio::sync::watch::Sender<Arc<ClusterView>>,
    /// The datacenter to prefer.
    pub(crate) datacenter: String,
    pub(crate) keyspace: ArcSwapOption<String>,
    pub(crate) clock: Clock,
    pub(crate) turn: AtomicUsize,
    pub(crate) closed: AtomicBool,
    pub(crate) follower: OnceLock<JoinHandle<()>>,
}

/// One request with what decides its way.
pub(crate) struct Job<'a> {
    pub(crate) request: Request,
    pub(crate) partition: Option<(&'a str, Token)>,
    pub(crate) level: Option<ConsistencyLevel>,
    pub(crate) idempotent: bool,
    /// What to prepare again on a node that does not know it.
    pub(crate) prepared: Vec<&'a PreparedStatement>,
    pub(crate) timeout: Duration,
}

impl Inner {
    pub(crate) fn new(settings: Arc<Settings>, view: &ClusterView) -> Self {
        let teller = view.host_id.and_then(|host_id| view.node(host_id));
        let datacenter = settings
            .datacenter
            .clone()
            .or_else(|| teller.map(|node| node.datacenter.clone()));
        let keyspace = settings.keyspace.clone().map(Arc::new);
        Self {
            settings,
            routing: ArcSwap::default(),
            views: tokio::sync::watch::Sender::default(),
            datacenter: datacenter.unwrap_or_default(),
            keyspace: ArcSwapOption::new(keyspace),
            clock: Clock::default(),
            turn: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            follower: OnceLock::new(),
        }
    }

    /// Sends a request to the node that suits it best, and to others where that may be.
    pub(crate) async fn run(&self, job: Job<'_>) -> Result<Response, ClientError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(ClientError::Closed);
        }
        let bytes = match &job.request {
            Request::Execute(request) => request.encoded_len(),
            Request::Prepare(request) => request.encoded_len(),
            Request::Batch(request) => request.encoded_len(),
        };
        // The id and the frame round it need a few more. A larger message would break the stream
        // for all.
        if bytes + 32 > MESSAGE_BYTES_MAX {
            return Err(ClientError::InvalidArgument(format!(
                "the request has {bytes} bytes, more than {MESSAGE_BYTES_MAX} cannot be sent"
            )));
        }
        tokio::time::timeout(job.timeout, self.offer(&job))
            .await
            .unwrap_or(Err(ClientError::Timeout))
    }

    /// Offers a job to one node after another.
    async fn offer(&self, job: &Job<'_>) -> Result<Response, ClientError> {
        let plan = self.routing.load().plan(self.wish(job));
        let mut retries = Retries::default();
        let (mut tried, mut refusal) = (Vec::new(), None);
        for node in plan {
            match attempt(&node, job, &mut retries).await {
                Ok(response) => return Ok(response),
                Err((Failure::Refused(error), Decision::NextNode)) => refusal = Some(error),
                Err((Failure::Refused(error), Decision::Fail | Decision::SameNode)) => {
                    return Err(error.into());
                }
                Err((Failure::Lost(message), _)) if !job.idempotent => {
                    let address = node.address().to_owned();
                    return Err(ClientError::Transport { address, message });
                }
                Err((Failure::NotSent(message) | Failure::Lost(message), _)) => {
                    tried.push((node.address().to_owned(), message));
                }
            }
        }
        Err(refusal.map_or(ClientError::NoHostAvailable { tried }, ClientError::Request))
    }

    /// Takes a new view, unless it is older than what is known of the same cluster.
    pub(crate) fn adopt(&self, view: ClusterView) {
        let current = self.routing.load_full();
        let is_known = view
            .host_id
            .is_some_and(|host_id| current.view.node(host_id).is_some());
        if is_known && view.epoch < current.view.epoch || self.closed.load(Ordering::Acquire) {
            return;
        }
        let view = Arc::new(view);
        let connect =
            |host_id, address: &str| Node::new(host_id, address, Arc::clone(&self.settings));
        let routing = Routing::new(Arc::clone(&view), &current, connect);
        self.routing.store(Arc::new(routing));
        self.views.send_replace(view);
    }

    /// Where to ask for news: nodes that are up, the other nodes, the contact points.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let view = Arc::clone(&self.routing.load().view);
        let (up, down): (Vec<_>, Vec<_>) = view.nodes.iter().partition(|node| node.up);
        let mut addresses: Vec<String> = Vec::new();
        let known = up.into_iter().chain(down).map(|node| &node.address);
        for address in known.chain(&self.settings.contact_points) {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        addresses
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings)
    }

    fn wish<'a>(&'a self, job: &Job<'a>) -> Wish<'a> {
        let level = job.level.or(self.settings.consistency);
        // The nodes' own default is a local level.
        let is_local = level.is_none_or(ConsistencyLevel::is_datacenter_local);
        Wish {
            partition: job.partition,
            datacenter: Some(&self.datacenter),
            stays_local: is_local && self.settings.datacenter.is_some(),
            turn: self.turn.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// Asks one node, again where the retry policy says so; teaches it statements it does not know.
async fn attempt(
    node: &Arc<Node>,
    job: &Job<'_>,
    retries: &mut Retries,
) -> Result<Response, (Failure, Decision)> {
    let mut has_prepared = job.prepared.is_empty();
    let mut renamed = None;
    loop {
        let request = renamed.as_ref().unwrap_or(&job.request);
        let error = match node.call(request).await {
            Ok(response) => return Ok(response),
            Err(Failure::Refused(error)) => error,
            Err(failure) => return Err((failure, Decision::NextNode)),
        };
        if matches!(error, RequestError::Unprepared(_)) && !has_prepared {
            has_prepared = true;
            renamed = prepare_again(node, job, retries).await?;
            continue;
        }
        match retries.decide(&error, job.idempotent) {
            Decision::SameNode => {}
            decision => return Err((Failure::Refused(error), decision)),
        }
    }
}

/// Prepares the job's statements on a node. An id may come out different if that node reckons it
/// differently: then the request is to be sent with the new one.
async fn prepare_again(
    node: &Arc<Node>,
    job: &Job<'_>,
    retries: &mut Retries,
) -> Result<Option<Request>, (Failure, Decision)> {
    let mut renamed = None;
    for statement in &job.prepared {
        let prepare = proto::PrepareRequest {
            cql: statement.inner.cql.clone(),
            keyspace: statement.inner.keyspace.clone(),
        };
        let id = match node.call(&Request::Prepare(prepare)).await {
            Ok(Response::Prepare(prepared)) => prepared.id,
            Ok(Response::Execute(_) | Response::Error(_)) => continue,
            Err(Failure::Refused(error)) => {
                let decision = retries.decide(&error, true);
                return Err((Failure::Refused(error), decision));
            }
            // The statement itself was refused, so it has not happened.
            Err(Failure::NotSent(message) | Failure::Lost(message)) => {
                return Err((Failure::NotSent(message), Decision::NextNode));
            }
        };
        if id != statement.inner.id {
            let request = renamed.get_or_insert_with(|| job.request.clone());
            rename(request, &statement.inner.id, &id);
        }
    }
    Ok(renamed)
}

fn rename(request: &mut Request, old: &Bytes, new: &Bytes) {
    use proto::batch_request::statement::Statement as EntryKind;
    match request {
        Request::Execute(execute) => {
            if let Some(StatementKind::PreparedId(id)) = &mut execute.statement
                && id == old
            {
                id.clone_from(new);
            }
        }
        Request::Batch(batch) => {
            for entry in &mut batch.statements {
                if let Some(EntryKind::PreparedId(id)) = &mut entry.statement
                    && id == old
                {
                    id.clone_from(new);
                }
            }
        }
        Request::Prepare(_) => {}
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(follower) = self.follower.get() {
            follower.abort();
        }
    }
}
