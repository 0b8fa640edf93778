//! One node as the driver reaches it: connects at first use, and again after a break.
//!
//! ```text
//!   untried ──first call──▶ connected ──break──▶ unreachable ──in the background──▶ connected
//!      └───────refused──────────────────────────────▲
//! ```
//!
//! Requests never wait for a node that is unreachable while another can be asked: the routing puts
//! it last, and a task of its own tries to reach it, ever more slowly.

use crate::builder::Settings;
use crate::proto;
use crate::session::Failure;
use crate::session::Session;
use arc_swap::ArcSwapOption;
use proto::session_request::Request;
use proto::session_response::Response;
use quorate_types::HostId;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Mutex;

const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// A node and the connection to it, if there is one.
#[derive(Debug)]
pub(crate) struct Node {
    host_id: HostId,
    address: String,
    settings: Arc<Settings>,
    session: ArcSwapOption<Session>,
    /// Held by who connects, so that only one does.
    connecting: Mutex<()>,
    /// Whether the last try failed or the connection broke; a task is trying then.
    unreachable: AtomicBool,
}

impl Node {
    pub(crate) fn new(host_id: HostId, address: &str, settings: Arc<Settings>) -> Arc<Self> {
        Arc::new(Self {
            host_id,
            address: address.to_owned(),
            settings,
            session: ArcSwapOption::empty(),
            connecting: Mutex::new(()),
            unreachable: AtomicBool::new(false),
        })
    }

    pub(crate) const fn host_id(&self) -> HostId {
        self.host_id
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Whether it could not be reached when last tried.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.unreachable.load(Ordering::Relaxed)
    }

    /// Sends a request and waits for the answer; connects first if need be.
    pub(crate) async fn call(self: &Arc<Self>, request: &Request) -> Result<Response, Failure> {
        if let Some(session) = self.open_session() {
            match session.call(request.clone()).await {
                // The connection broke unnoticed: the node itself may be there.
                Err(Failure::NotSent(_)) => {}
                outcome => return outcome,
            }
        }
        let session = self.connected().await.map_err(Failure::NotSent)?;
        session.call(request.clone()).await
    }

    fn open_session(&self) -> Option<Arc<Session>> {
        self.session.load_full().filter(|session| session.is_open())
    }

    /// The open session, or a new one.
    async fn connected(self: &Arc<Self>) -> Result<Arc<Session>, String> {
        let _turn = self.connecting.lock().await;
        if let Some(session) = self.open_session() {
            return Ok(session);
        }
        let node = Arc::downgrade(self);
        let on_break = move || {
            if let Some(node) = node.upgrade() {
                tracing::debug!(address = node.address, "connection broke");
                node.reconnect_in_background();
            }
        };
        match Session::open(&self.address, &self.settings, on_break).await {
            Ok(session) => {
                let session = Arc::new(session);
                self.session.store(Some(Arc::clone(&session)));
                self.unreachable.store(false, Ordering::Relaxed);
                tracing::debug!(address = self.address, "connected");
                Ok(session)
            }
            Err(error) => {
                tracing::debug!(address = self.address, error, "not reachable");
                self.reconnect_in_background();
                Err(error)
            }
        }
    }

    /// Marks it unreachable and sees to it that a task tries until it is not, or is forgotten.
    fn reconnect_in_background(self: &Arc<Self>) {
        if !self.unreachable.swap(true, Ordering::Relaxed) {
            tokio::spawn(reconnect(Arc::downgrade(self)));
        }
    }
}

async fn reconnect(node: Weak<Node>) {
    let mut backoff = BACKOFF_MIN;
    loop {
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
        let Some(node) = node.upgrade() else {
            return;
        };
        // A request may have been quicker. Its session may have broken again since: then another
        // task tries, since the mark had been taken away.
        if !node.is_unreachable() || node.connected().await.is_ok() {
            return;
        }
    }
}
