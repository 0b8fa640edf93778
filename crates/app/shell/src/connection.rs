//! The way to the cluster: made when it is first needed, shared with completion.

use crate::args::ShellArgs;
use quorate_client::Access;
use quorate_client::Client;
use quorate_client::ClientError;
use quorate_client::ClusterView;
use quorate_client::NodeView;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// The connection, or what it will be made with.
pub(crate) struct Connection {
    contact_points: Vec<String>,
    access: Access,
    keyspace: Option<String>,
    connect_timeout: Duration,
    request_timeout: Duration,
    client: OnceCell<Client>,
}

impl Connection {
    pub(crate) fn new(args: &ShellArgs, access: Access) -> Self {
        Self {
            contact_points: args.contact_points(),
            access,
            keyspace: args.keyspace.clone(),
            connect_timeout: args.connect_timeout,
            request_timeout: args.request_timeout,
            client: OnceCell::new(),
        }
    }

    /// The client, connected if it was not.
    pub(crate) async fn client(&self) -> Result<Client, ClientError> {
        self.client
            .get_or_try_init(|| self.connect())
            .await
            .cloned()
    }

    /// The client, if there is one already.
    pub(crate) fn current(&self) -> Option<&Client> {
        self.client.get()
    }

    /// The cluster as it is known now.
    pub(crate) fn view(&self) -> Option<Arc<ClusterView>> {
        self.current().map(Client::cluster)
    }

    /// The keyspace of names without one.
    pub(crate) fn keyspace(&self) -> Option<String> {
        match self.current() {
            Some(client) => client.keyspace(),
            None => self.keyspace.clone(),
        }
    }

    async fn connect(&self) -> Result<Client, ClientError> {
        let client = Client::builder()
            .contact_points(self.contact_points.iter().cloned())
            .access(self.access.clone())
            .connect_timeout(self.connect_timeout)
            .request_timeout(self.request_timeout)
            .build()
            .await?;
        if let Some(keyspace) = &self.keyspace {
            client.use_keyspace(keyspace).await?;
        }
        Ok(client)
    }
}

/// The node that tells of the cluster.
pub(crate) fn teller(view: &ClusterView) -> Option<&NodeView> {
    view.host_id.and_then(|host_id| view.node(host_id))
}
