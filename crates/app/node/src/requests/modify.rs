//! Writing: from the plan of an INSERT, UPDATE, DELETE or batch to a receipt.

use super::Request;
use crate::Node;
use crate::World;
use crate::write_path::WriteRequest;
use quorate_query::BatchPlan;
use quorate_query::BoundBatch;
use quorate_query::BoundValue;
use quorate_query::ModifyPlan;
use quorate_request::Outcome;
use quorate_request::Response;
use quorate_types::RequestError;
use quorate_types::WriteType;

impl<W: World> Node<W> {
    // W2 compile: plan + values → one encoded `Mutation`.
    pub(super) async fn modify(
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

    /// BEGIN BATCH … APPLY BATCH.
    pub(super) async fn batch_statement(
        &self,
        this: &Request<'_>,
        plan: &BatchPlan,
        values: &[BoundValue],
        names: Option<&[String]>,
    ) -> Result<Response, RequestError> {
        let bound = self.with_context(this, values, names, |context| plan.bind(context))?;
        self.write_batch(this, bound).await
    }

    /// Writes what a batch came to. Only a logged one of several mutations needs the batch log.
    pub(super) async fn write_batch(
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
            deadline: this.deadline(self.config().write_timeout),
        }
    }
}
