//! Statement + schema → plan → mutations, reads and result sets.
//!
//! Decides what a CQL statement means for a schema: which partitions and rows it names, what it
//! writes into them, what of an answer becomes a row of the result, where a page ends and the next
//! begins, and which statements make no sense (semantics 10.4 to 10.9, with their messages).
//! Knows nothing of nodes, replicas, consistency levels or clocks: a plan is made from text and
//! [`Metadata`](quorate_cluster::Metadata), a [`Context`] brings the values and the time, what
//! comes out are [`Mutation`](quorate_data::Mutation)s and
//! [`ReadCommand`](quorate_data::ReadCommand)s, and the replies to those are fed back in.
//!
//! ```text
//!   text ──prepare──▶ Prepared ─┬─ ModifyPlan, BatchPlan ──bind──▶ mutations
//!                               ├─ SelectPlan ──bind──▶ SelectExecution ⇄ reads / replies ─▶ ResultSet
//!                               ├─ SchemaPlan, RolePlan ──transformation──▶ an entry of the metadata log
//!                               └─ DescribePlan, RoleListPlan ──execute──▶ ResultSet
//! ```
//!
//! # Invariants
//!
//! * **Q1** A plan holds no value of a marker: one plan serves any number of executions at once.
//! * **Q2** What is parsed and not executed yet is refused by its name when it is planned.
//! * **Q3** The rows of a result do not depend on page sizes, nor on where replies were cut.
//!
//! Start with [`prepare`], then [`ModifyPlan`] and [`SelectPlan`].

mod aggregate;
mod authorize;
mod batch;
mod bind;
mod compile;
mod describe;
mod digest;
mod error;
mod expr;
mod function;
mod literal;
mod modify;
mod node;
mod plan;
mod restrict;
mod role_list;
mod role_plan;
mod schema_plan;
mod select;
mod spec;

pub use batch::BatchPlan;
pub use batch::BoundBatch;
pub use batch::batch;
pub use bind::BoundValue;
pub use bind::Context;
pub use describe::DescribePlan;
pub use modify::ModifyPlan;
pub use plan::Plan;
pub use plan::Prepared;
pub use plan::prepare;
pub use plan::prepare_statement;
pub use quorate_cql::ast::BatchKind;
pub use role_list::RoleListPlan;
pub use role_plan::RolePlan;
pub use schema_plan::SchemaPlan;
pub use schema_plan::refused;
pub use select::ResultSet;
pub use select::SelectExecution;
pub use select::SelectPlan;
pub use spec::ColumnSpec;
