//! Between this node and its peers: asking them, and answering what they ask.

use crate::Engine;
use crate::EngineFailure;
use crate::Node;
use crate::World;
use bytes::Bytes;
use quorate_cluster::TableSchema;
use quorate_cluster::batches_table_id;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_internode::Answered;
use quorate_internode::CallError;
use quorate_internode::Handler;
use quorate_internode::PeerReply;
use quorate_internode::PeerRequest;
use quorate_types::Deadline;
use quorate_types::Epoch;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::TableId;
use std::future::Future;
use std::time::Duration;

/// A peer did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeerFailure {
    pub(crate) reason: FailureReason,
    pub(crate) message: String,
}

impl<W: World> Node<W> {
    /// Asks a peer. A connection that is refused marks it as down for a moment; a reply with a newer
    /// epoch makes this node fetch what it lacks.
    pub(crate) fn ask_peer(
        &self,
        host: HostId,
        request: PeerRequest,
        deadline: Deadline,
    ) -> impl Future<Output = Result<PeerReply, PeerFailure>> + Send + 'static {
        let node = self.clone();
        let call = self.address_of(host).map(|address| {
            let remaining = deadline.remaining(self.now());
            self.world().call(address, self.epoch(), remaining, request)
        });
        async move {
            let Some(call) = call else {
                return Err(PeerFailure::new(
                    FailureReason::NodeDown,
                    "its address is not known",
                ));
            };
            match call.await {
                Ok(Answered { epoch, reply }) => {
                    node.heard_of_epoch(host, epoch);
                    match reply {
                        PeerReply::Failed { reason, message } => {
                            Err(PeerFailure { reason, message })
                        }
                        reply => Ok(reply),
                    }
                }
                Err(error) => Err(node.call_failed(host, error)),
            }
        }
    }

    fn call_failed(&self, host: HostId, error: CallError) -> PeerFailure {
        let reason = match error {
            CallError::Unreachable => {
                self.inner().liveness.refused(host, self.now());
                FailureReason::NodeDown
            }
            CallError::Broken => FailureReason::NodeDown,
            CallError::TimedOut => FailureReason::Timeout,
            CallError::Overloaded => FailureReason::Unknown,
        };
        PeerFailure::new(reason, &error.to_string())
    }

    /// Applies a mutation that a peer coordinates. A table that is not known here may be newer than
    /// this node's epoch: the metadata is fetched first, then.
    async fn apply_for(&self, from: HostId, mutation: Bytes) -> Result<(), EngineFailure> {
        let table = Mutation::peek(&mutation).ok().map(|(table, _, _)| table);
        if table.is_some_and(|table| !self.knows_table(table)) {
            self.catch_up_with(from).await;
        }
        self.engine().apply(mutation).await
    }

    fn knows_table(&self, table: TableId) -> bool {
        table == batches_table_id() || self.current_metadata().table_by_id(table).is_some()
    }

    async fn read_for(
        &self,
        from: HostId,
        command: Bytes,
    ) -> Result<(ReadCommand, quorate_data::DataReply), EngineFailure> {
        let command = ReadCommand::decode(command).map_err(|damage| EngineFailure {
            reason: FailureReason::Unknown,
            overloaded: false,
            message: damage.to_string(),
        })?;
        if let Some(table) = quorate_system::table_by_id(command.table) {
            return self.read_own_table(table, command);
        }
        if self.current_metadata().table_by_id(command.table).is_none() {
            self.catch_up_with(from).await;
        }
        let reply = self.engine().read(command.clone()).await?;
        Ok((command, reply))
    }

    /// A system table as this node has it, for a peer that gathers all of them.
    fn read_own_table(
        &self,
        table: &TableSchema,
        command: ReadCommand,
    ) -> Result<(ReadCommand, quorate_data::DataReply), EngineFailure> {
        let refuse = |message: String| EngineFailure {
            reason: FailureReason::Unknown,
            overloaded: false,
            message,
        };
        let contents = self
            .system_table(table, &self.current_metadata())
            .ok_or_else(|| refuse(format!("{} is no system table", table.full_name())))?;
        let reply = quorate_data::partition::read(&contents, &command)
            .map_err(|error| refuse(error.to_string()))?;
        Ok((command, reply))
    }

    /// Applies a hint, unless its table was truncated after it was made, or is gone.
    async fn apply_hint(&self, from: HostId, mutation: Bytes, created_millis: u64) -> PeerReply {
        let Ok((table, _, _)) = Mutation::peek(&mutation) else {
            return PeerReply::Failed {
                reason: FailureReason::Unknown,
                message: "the hint is damaged".to_owned(),
            };
        };
        if self
            .engine()
            .truncated_at(table)
            .is_some_and(|at| created_millis <= at)
        {
            return PeerReply::Done;
        }
        if !self.knows_table(table) {
            self.catch_up_with(from).await;
            if !self.knows_table(table) {
                return PeerReply::Done;
            }
        }
        done(self.engine().apply(mutation).await)
    }
}

impl PeerFailure {
    fn new(reason: FailureReason, message: &str) -> Self {
        Self {
            reason,
            message: message.to_owned(),
        }
    }
}

fn done(outcome: Result<(), EngineFailure>) -> PeerReply {
    match outcome {
        Ok(()) => PeerReply::Done,
        Err(failure) => failed(failure),
    }
}

fn failed(failure: EngineFailure) -> PeerReply {
    PeerReply::Failed {
        reason: failure.reason,
        message: failure.message,
    }
}

impl<W: World> Handler for Node<W> {
    async fn handle(
        &self,
        from: HostId,
        epoch: Epoch,
        timeout: Duration,
        request: PeerRequest,
    ) -> PeerReply {
        if timeout.is_zero() {
            // The coordinator has given up on it, and keeps a hint for a write.
            return PeerReply::Failed {
                reason: FailureReason::Timeout,
                message: "its time was up before it was begun".to_owned(),
            };
        }
        self.heard_of_epoch(from, epoch);
        match request {
            PeerRequest::Mutate(mutation) => done(self.apply_for(from, mutation).await),
            PeerRequest::Hint {
                mutation,
                created_millis,
            } => self.apply_hint(from, mutation, created_millis).await,
            PeerRequest::Read(command) => match self.read_for(from, command).await {
                Ok((_, reply)) => PeerReply::Data(reply.encode()),
                Err(failure) => failed(failure),
            },
            PeerRequest::ReadDigest(command) => match self.read_for(from, command).await {
                Ok((command, reply)) => PeerReply::Digest(reply.digest(&command)),
                Err(failure) => failed(failure),
            },
            PeerRequest::Gossip { from, message } => {
                self.gossip_heard(&from, message);
                PeerReply::Done
            }
            PeerRequest::Metadata(request) => self.answer_metadata(request).await,
            PeerRequest::MetadataSnapshot => self.metadata_snapshot(),
            PeerRequest::Truncate { table, at_millis } => {
                done(self.engine().truncate(table, at_millis).await)
            }
        }
    }

    fn epoch(&self) -> Epoch {
        Self::epoch(self)
    }

    fn cluster_name(&self) -> String {
        self.config().cluster_name.clone()
    }
}
