//! The `Admin` service. Its answers are shaped for operators, not for other code, so the node's
//! wiring makes them as proto messages.

use crate::errors;
use crate::login;
use crate::proto;
use crate::proto::admin_server::Admin;
use quorate_request::Frontend;
use quorate_types::RequestError;
use std::future::Future;
use tonic::Request;
use tonic::Response;
use tonic::Status;

/// The node behind the operator's verbs.
pub trait Operator: Clone + Send + Sync + 'static {
    /// Every node, up or down, with its share of the ring.
    fn status(&self, keyspace: &str) -> Result<proto::StatusResponse, Status>;
    /// Every token.
    fn ring(&self) -> proto::RingResponse;
    /// The cluster in a few lines.
    fn describe_cluster(&self) -> proto::DescribeClusterResponse;
    /// What gossip knows.
    fn gossip_info(&self) -> proto::GossipInfoResponse;
    /// The replicas of a partition.
    fn endpoints(
        &self,
        request: &proto::GetEndpointsRequest,
    ) -> Result<proto::GetEndpointsResponse, Status>;
    /// Numbers of tables.
    fn table_stats(
        &self,
        request: &proto::TableStatsRequest,
    ) -> Result<proto::TableStatsResponse, Status>;
    /// Writes memtables to files.
    fn flush(
        &self,
        request: proto::FlushRequest,
    ) -> impl Future<Output = Result<proto::FlushResponse, Status>> + Send;
    /// Sweeps and compacts.
    fn compact(
        &self,
        request: proto::CompactRequest,
    ) -> impl Future<Output = Result<proto::CompactResponse, Status>> + Send;
    /// Makes the node ready to be stopped.
    fn drain(&self) -> impl Future<Output = Result<proto::DrainResponse, Status>> + Send;
    /// Hints that wait here.
    fn pending_hints(&self) -> proto::ListPendingHintsResponse;
}

pub(crate) struct AdminService<F, O> {
    pub(crate) frontend: F,
    pub(crate) operator: O,
}

impl<F: Frontend, O> AdminService<F, O> {
    /// Lets superusers in; everybody if nobody has to log in.
    async fn admit<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let role = login::role_of(&self.frontend, request.metadata()).await;
        let role = role.map_err(|error| errors::status(&error))?;
        match role {
            Some(role) if !self.frontend.metadata().is_superuser(&role) => {
                let message = "Only superusers are allowed to administer nodes".to_owned();
                Err(errors::status(&RequestError::Unauthorized(message)))
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl<F: Frontend, O: Operator> Admin for AdminService<F, O> {
    async fn status(
        &self,
        request: Request<proto::StatusRequest>,
    ) -> Result<Response<proto::StatusResponse>, Status> {
        self.admit(&request).await?;
        self.operator
            .status(&request.get_ref().keyspace)
            .map(Response::new)
    }

    async fn ring(
        &self,
        request: Request<proto::RingRequest>,
    ) -> Result<Response<proto::RingResponse>, Status> {
        self.admit(&request).await?;
        Ok(Response::new(self.operator.ring()))
    }

    async fn describe_cluster(
        &self,
        request: Request<proto::DescribeClusterRequest>,
    ) -> Result<Response<proto::DescribeClusterResponse>, Status> {
        self.admit(&request).await?;
        Ok(Response::new(self.operator.describe_cluster()))
    }

    async fn gossip_info(
        &self,
        request: Request<proto::GossipInfoRequest>,
    ) -> Result<Response<proto::GossipInfoResponse>, Status> {
        self.admit(&request).await?;
        Ok(Response::new(self.operator.gossip_info()))
    }

    async fn get_endpoints(
        &self,
        request: Request<proto::GetEndpointsRequest>,
    ) -> Result<Response<proto::GetEndpointsResponse>, Status> {
        self.admit(&request).await?;
        self.operator
            .endpoints(request.get_ref())
            .map(Response::new)
    }

    async fn table_stats(
        &self,
        request: Request<proto::TableStatsRequest>,
    ) -> Result<Response<proto::TableStatsResponse>, Status> {
        self.admit(&request).await?;
        self.operator
            .table_stats(request.get_ref())
            .map(Response::new)
    }

    async fn flush(
        &self,
        request: Request<proto::FlushRequest>,
    ) -> Result<Response<proto::FlushResponse>, Status> {
        self.admit(&request).await?;
        self.operator
            .flush(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn compact(
        &self,
        request: Request<proto::CompactRequest>,
    ) -> Result<Response<proto::CompactResponse>, Status> {
        self.admit(&request).await?;
        self.operator
            .compact(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn drain(
        &self,
        request: Request<proto::DrainRequest>,
    ) -> Result<Response<proto::DrainResponse>, Status> {
        self.admit(&request).await?;
        self.operator.drain().await.map(Response::new)
    }

    async fn list_pending_hints(
        &self,
        request: Request<proto::ListPendingHintsRequest>,
    ) -> Result<Response<proto::ListPendingHintsResponse>, Status> {
        self.admit(&request).await?;
        Ok(Response::new(self.operator.pending_hints()))
    }
}
