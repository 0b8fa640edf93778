//! Reading: from a SELECT's plan to its rows, be they of tables or of what a node knows of itself.

use super::Request;
use crate::Node;
use crate::World;
use crate::read_path::ReadRequest;
use crate::system_tables::read_system_table;
use crate::traces;
use futures_util::future::join_all;
use quorate_coordinator::Receipt;
use quorate_query::BoundValue;
use quorate_query::SelectPlan;
use quorate_request::Outcome;
use quorate_request::Response;
use quorate_types::RequestError;

impl<W: World> Node<W> {
    // R2 compile → ReadCommand.
    pub(super) async fn select(
        &self,
        this: &Request<'_>,
        plan: &SelectPlan,
        values: &[BoundValue],
        names: Option<&[String]>,
    ) -> Result<Response, RequestError> {
        let page_size = this.options.page_size.unwrap_or(self.config().page_size);
        let paging_state = this.options.paging_state.as_deref();
        let mut execution = self.with_context(this, values, names, |context| {
            plan.bind(context, Some(page_size), paging_state)
        })?;
        let timeout = if plan.names_partitions() {
            self.config().read_timeout
        } else {
            self.config().range_timeout
        };
        let request = ReadRequest {
            metadata: this.metadata.clone(),
            table: plan.table().clone(),
            level: this.level,
            started: this.started,
            deadline: this.deadline(timeout),
        };
        let mut system_table = self.system_table(plan.table(), &this.metadata);
        let mut receipt: Option<Receipt> = None;
        loop {
            let commands = execution.next_reads();
            if commands.is_empty() {
                break;
            }
            if let Some(table) = &mut system_table {
                if plan.table().keyspace == traces::KEYSPACE {
                    self.gather_traces(plan.table(), &commands, &this.metadata, table)
                        .await;
                }
                execution.feed(read_system_table(table, &commands)?)?;
                continue;
            }
            let reads = commands
                .into_iter()
                .map(|command| self.read(&request, command));
            let mut replies = Vec::new();
            for outcome in join_all(reads).await {
                let (reply, part) = outcome?;
                replies.push(reply);
                receipt = Some(match receipt {
                    None => part,
                    Some(before) => before.and(part),
                });
            }
            execution.feed(replies)?;
        }
        let mut rows = execution.finish()?;
        Ok(Response {
            warnings: std::mem::take(&mut rows.warnings),
            outcome: Outcome::Rows(rows),
            receipt,
            columns: None,
            tracing_id: None,
        })
    }
}
