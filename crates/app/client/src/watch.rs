//! Follows the cluster's changes through one node, and through another when that one is gone.

use crate::ClusterView;
use crate::builder::Settings;
use crate::error::of_status;
use crate::proto;
use crate::run::Inner;
use crate::session::Failure;
use crate::session::connect;
use crate::session::service;
use quorate_types::RequestError;
use std::sync::Weak;
use std::time::Duration;
use tonic::Code;
use tonic::Streaming;

const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Changes as one node tells them.
#[derive(Debug)]
pub(crate) struct Subscription {
    address: String,
    snapshots: Streaming<proto::ClusterSnapshot>,
}

impl Subscription {
    /// Asks the node at `address`; gives what it knows now.
    pub(crate) async fn open(
        address: &str,
        settings: &Settings,
    ) -> Result<(Self, ClusterView), Failure> {
        let channel = connect(address, settings).await.map_err(Failure::NotSent)?;
        let mut service = service(channel, settings);
        let opening = async {
            let snapshots = service.watch(proto::WatchRequest {}).await?.into_inner();
            let mut subscription = Self {
                address: address.to_owned(),
                snapshots,
            };
            let view = subscription.next().await?;
            Ok::<_, tonic::Status>((subscription, view))
        };
        match tokio::time::timeout(settings.connect_timeout, opening).await {
            Ok(Ok(opened)) => Ok(opened),
            Ok(Err(status)) if status.code() == Code::Unauthenticated => Err(Failure::Refused(
                RequestError::Authentication(status.message().to_owned()),
            )),
            Ok(Err(status)) => {
                let failure = settings.access.explain(of_status(&status));
                Err(Failure::NotSent(failure))
            }
            Err(_) => Err(Failure::NotSent(
                "timed out while waiting for the cluster's state".to_owned(),
            )),
        }
    }

    async fn next(&mut self) -> Result<ClusterView, tonic::Status> {
        match self.snapshots.message().await? {
            Some(snapshot) => Ok(ClusterView::from_proto(snapshot, &self.address)),
            None => Err(tonic::Status::unavailable("the node ended the stream")),
        }
    }
}

/// Runs until the client is gone.
pub(crate) async fn follow(client: Weak<Inner>, mut subscription: Subscription) {
    loop {
        while let Ok(view) = subscription.next().await {
            let Some(client) = client.upgrade() else {
                return;
            };
            client.adopt(view);
        }
        tracing::debug!(
            address = subscription.address,
            "no more news from this node"
        );
        match another(&client).await {
            Some(found) => subscription = found,
            None => return,
        }
    }
}

/// Asks one node after another until one answers; `None` when the client is gone.
async fn another(client: &Weak<Inner>) -> Option<Subscription> {
    let mut backoff = BACKOFF_MIN;
    loop {
        let (addresses, settings) = {
            let client = client.upgrade()?;
            (client.addresses(), client.settings())
        };
        for address in addresses {
            if let Ok((subscription, view)) = Subscription::open(&address, &settings).await {
                client.upgrade()?.adopt(view);
                return Some(subscription);
            }
        }
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}
