//! Sends a verb to a node and takes its answer.

use crate::Tables;
use crate::Verb;
use crate::report::Report;
use quorate_client::Access;
use quorate_client::proto;
use quorate_client::proto::admin_client::AdminClient;
use std::time::Duration;
use tonic::Code;
use tonic::Status;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

const PORT: u16 = 9160;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A node that is silent this long while it works (a compaction may take hours) is given up.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The service of one node, asked with an access.
pub(crate) type Service = AdminClient<InterceptedService<Channel, Access>>;

/// Connects to `HOST` or `HOST:PORT`.
pub(crate) async fn connect(host: &str, access: Access) -> anyhow::Result<Service> {
    let address = match host.parse::<quorate_types::Endpoint>() {
        Ok(endpoint) => endpoint,
        Err(error) if host.is_empty() || host.contains([':', '/', ' ']) => {
            return Err(error.into());
        }
        Err(_) => quorate_types::Endpoint {
            host: host.to_owned(),
            port: PORT,
        },
    };
    let endpoint = access
        .endpoint(&address.to_string())?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    let channel = endpoint.connect().await?;
    Ok(AdminClient::with_interceptor(channel, access).max_decoding_message_size(64 << 20))
}

/// Whether the node itself said no, rather than the connection.
pub(crate) fn is_refusal(status: &Status) -> bool {
    let is_broken = matches!(
        status.code(),
        Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Internal
    );
    !is_broken || std::error::Error::source(status).is_none() && !status.message().is_empty()
}

/// Asks.
pub(crate) async fn ask(service: &mut Service, verb: &Verb) -> Result<Report, Status> {
    Ok(match verb.clone() {
        Verb::Status { keyspace } => {
            let request = proto::StatusRequest {
                keyspace: keyspace.clone().unwrap_or_default(),
            };
            let answer = service.status(request).await?.into_inner();
            Report::status(answer, keyspace)
        }
        Verb::Ring => {
            let answer = service.ring(proto::RingRequest {}).await?.into_inner();
            Report::ring(answer)
        }
        Verb::DescribeCluster => {
            let request = proto::DescribeClusterRequest {};
            Report::cluster(service.describe_cluster(request).await?.into_inner())
        }
        Verb::GossipInfo => {
            let request = proto::GossipInfoRequest {};
            Report::gossip(service.gossip_info(request).await?.into_inner())
        }
        Verb::GetEndpoints {
            keyspace,
            table,
            key,
        } => {
            let request = proto::GetEndpointsRequest {
                keyspace,
                table,
                key,
            };
            Report::endpoints(service.get_endpoints(request).await?.into_inner())
        }
        Verb::TableStats { tables } => {
            let Tables { keyspace, table } = tables.unwrap_or_default();
            let request = proto::TableStatsRequest { keyspace, table };
            Report::tables(service.table_stats(request).await?.into_inner())
        }
        Verb::Flush { tables } => {
            let Tables { keyspace, table } = tables.unwrap_or_default();
            let request = proto::FlushRequest { keyspace, table };
            Report::flushed(service.flush(request).await?.into_inner())
        }
        Verb::Compact { tables } => {
            let Tables { keyspace, table } = tables.unwrap_or_default();
            let request = proto::CompactRequest { keyspace, table };
            Report::compacted(service.compact(request).await?.get_ref())
        }
        Verb::Drain => {
            service.drain(proto::DrainRequest {}).await?;
            Report::Drained { drained: true }
        }
        Verb::ListPendingHints => {
            let request = proto::ListPendingHintsRequest {};
            Report::hints(service.list_pending_hints(request).await?.into_inner())
        }
    })
}
