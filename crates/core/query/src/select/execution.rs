//! One execution of a SELECT: which reads to make next, what of their replies becomes rows, and
//! where the page ends.
//!
//! ```text
//!   start ──▶ next_reads ──▶ feed ──▶ next_reads … ──empty──▶ finish
//! ```
//!
//! A reply may stop anywhere (its `stopped_at`); a page may end in the middle of a reply. So the
//! execution keeps the partition it is in, and after each row the place behind it. When the page
//! is full it looks on in what is at hand for a row that would follow: only then, or when the
//! replies end without saying that they are complete, there is a next page.

mod begin;
mod reader;

use super::Grouping;
use super::ResultSet;
use super::RowLimits;
use super::Shape;
use super::filter::BoundFilter;
use super::group::Collector;
use super::paging::PagingState;
use super::rows::corrupt_fragment;
use crate::bind::Bound;
use crate::bind::Context;
use crate::expr::RowValues;
use crate::expr::Scope;
use bytes::Bytes;
use quorate_data::PartitionData;
use quorate_data::Position;
use quorate_data::Row;
use quorate_data::key::row_suffix;
use quorate_data::read::live_rows;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::Token;
use reader::Reader;
use std::sync::Arc;

/// A SELECT under way. Feed it the replies to the reads it asks for until it asks for none.
#[derive(Debug)]
pub struct SelectExecution {
    shape: Arc<Shape>,
    reader: Reader,
    collector: Collector,
    filters: Vec<BoundFilter>,
    now: NowInSeconds,
    fingerprint: u64,
    limits: RowLimits,
    /// Rows (groups) until the page is full; `u64::MAX`: not paged.
    page_left: u64,
    current: Option<Current>,
    /// Behind the last row that was looked at.
    resume: Option<Resume>,
    state: State,
    warnings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    /// There is a row, or may be one, behind the end of the page.
    PageFull,
    /// LIMIT is reached, or everything was read.
    Finished,
}

/// The partition whose rows are coming.
#[derive(Debug)]
struct Current {
    index: u32,
    key: Bytes,
    token: Token,
    /// The values that all its rows share.
    base: RowValues,
    has_static: bool,
    /// Live rows, before filters.
    rows_seen: u64,
    /// Rows or groups given, for PER PARTITION LIMIT.
    taken: u64,
    /// Nothing more is wanted of it.
    is_done: bool,
}

#[derive(Debug, Clone)]
struct Resume {
    index: u32,
    taken: u64,
    position: Position,
}

impl SelectExecution {
    pub(super) fn start(
        shape: Arc<Shape>,
        markers: Vec<Bound>,
        context: &mut Context<'_>,
        page_size: Option<u32>,
        paging_state: Option<&[u8]>,
    ) -> Result<Self, RequestError> {
        let (now, now_millis) = (context.now, context.now_millis);
        let fingerprint = begin::fingerprint(&shape, &markers);
        let ids = begin::ids(&shape, context);
        let mut scope = Scope {
            markers: &markers,
            now_millis,
            ids: context,
        };
        let mut limits = shape.limits(&mut scope)?;
        let filters = shape.filters(&mut scope)?;
        let mut page_left = begin::page_left(&shape, page_size, limits)?;
        if shape.grouping == Grouping::Everything {
            page_left = u64::MAX;
            limits.total = u64::MAX;
        }
        let mut reader = Reader::new(&shape, now, &mut scope)?;
        let resumed = paging_state
            .filter(|state| !state.is_empty())
            .map(|state| PagingState::decode(state, fingerprint))
            .transpose()?;
        let mut current = None;
        if let Some(state) = resumed {
            limits.total = state.rows_left;
            reader.resume(state.index, &state.position)?;
            if state.position.suffix != Position::END {
                current = Some(Current {
                    index: state.index,
                    base: shape.partition_values(&state.position.key)?,
                    token: state.position.token,
                    key: state.position.key,
                    has_static: false,
                    rows_seen: u64::from(state.position.rows_seen),
                    taken: state.taken,
                    is_done: false,
                });
            }
        }
        Ok(Self {
            collector: Collector::new(Arc::clone(&shape), markers, now_millis, ids),
            warnings: begin::warnings(&shape),
            state: State::Reading,
            resume: None,
            shape,
            reader,
            filters,
            now,
            fingerprint,
            limits,
            page_left,
            current,
        })
    }

    /// The reads to make now; they are independent and may run at once. None: the page is ready.
    pub fn next_reads(&mut self) -> Vec<quorate_data::ReadCommand> {
        if self.state == State::Reading && self.page_left == 0 && !self.reader.is_finished() {
            // The page is full and what comes next was not read: it may be a row.
            self.state = State::PageFull;
        }
        if self.state != State::Reading {
            return Vec::new();
        }
        let rows = self.rows_wanted();
        let per_partition = self.rows_per_partition();
        self.reader.next_reads(&self.shape, rows, per_partition)
    }

    /// Takes the replies to the last reads, in their order.
    pub fn feed(&mut self, replies: Vec<quorate_data::DataReply>) -> Result<(), RequestError> {
        self.reader.accept(replies)?;
        while self.state == State::Reading {
            let Some((index, reply)) = self.reader.take_reply() else {
                return Ok(());
            };
            self.consume(index, reply)?;
        }
        Ok(())
    }

    /// The rows, and where the next page begins.
    pub fn finish(self) -> Result<ResultSet, RequestError> {
        let has_more = self.state == State::PageFull;
        let rows_left = self.limits.total;
        let fingerprint = self.fingerprint;
        let paging_state = self.resume.filter(|_| has_more).map(|resume| {
            let state = PagingState {
                fingerprint,
                index: resume.index,
                rows_left,
                taken: resume.taken,
                position: resume.position,
            };
            state.encode()
        });
        let limit = usize::try_from(self.limits.total).unwrap_or(usize::MAX);
        Ok(ResultSet {
            columns: Arc::clone(&self.shape.columns),
            rows: self.collector.finish(limit)?,
            paging_state,
            warnings: self.warnings,
        })
    }

    fn rows_wanted(&self) -> u64 {
        let is_exact = self.filters.is_empty() && self.shape.grouping == Grouping::None;
        if is_exact && self.shape.sort.is_empty() {
            // One beyond the page says whether there is a next.
            self.limits.total.min(self.page_left.saturating_add(1))
        } else {
            u64::MAX
        }
    }

    /// Replicas count rows that only dropped columns keep alive, which are none here.
    fn rows_per_partition(&self) -> u64 {
        if !self.shape.table.dropped_columns.is_empty() {
            return u64::MAX;
        }
        if self.shape.distinct {
            return 1;
        }
        if !self.filters.is_empty() || self.shape.grouping != Grouping::None {
            return u64::MAX;
        }
        if self.shape.sort.is_empty() {
            self.limits.per_partition
        } else {
            self.limits.per_partition.min(self.limits.total)
        }
    }

    fn consume(&mut self, index: u32, reply: quorate_data::DataReply) -> Result<(), RequestError> {
        let stopped_at = reply.stopped_at;
        for data in &reply.partitions {
            self.partition(index, data)?;
            if self.state != State::Reading {
                return Ok(());
            }
        }
        let goes_on = |current: &Current| {
            stopped_at
                .as_ref()
                .is_some_and(|at| at.key == current.key && at.suffix != Position::END)
        };
        if !self.current.as_ref().is_some_and(goes_on) {
            self.leave_partition()?;
        }
        let Some(mut position) = stopped_at else {
            self.reader.complete();
            self.end_if_read();
            return Ok(());
        };
        if self.state != State::Reading {
            return Ok(());
        }
        if self.current.as_ref().is_some_and(|current| current.is_done) {
            position.suffix = Position::END;
            self.leave_partition()?;
        }
        if self.page_left == 0 && self.state == State::Reading {
            self.state = State::PageFull;
            return Ok(());
        }
        self.reader.go_on_after(position);
        self.end_if_read();
        Ok(())
    }

    fn end_if_read(&mut self) {
        if self.state == State::Reading && self.reader.is_finished() {
            self.state = State::Finished;
        }
    }

    fn partition(&mut self, index: u32, data: &PartitionData) -> Result<(), RequestError> {
        let live = live_rows(data, self.now).map_err(|error| corrupt_fragment(&error))?;
        if self
            .current
            .as_ref()
            .is_none_or(|current| current.key != live.key)
        {
            self.leave_partition()?;
            if self.state != State::Reading {
                return Ok(());
            }
            self.current = Some(Current {
                index,
                token: Token::of_key(&live.key),
                base: self.shape.partition_values(&live.key)?,
                key: live.key,
                has_static: false,
                rows_seen: 0,
                taken: 0,
                is_done: false,
            });
        }
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if let Some(row) = live.static_row.filter(|row| self.shape.is_visible(row)) {
            current.has_static = true;
            self.shape.add_cells(&row, self.now, &mut current.base);
        }
        for (framed, row) in &live.rows {
            if self.shape.is_visible(row) {
                self.row(framed, row)?;
            }
            let is_done = self.current.as_ref().is_none_or(|current| current.is_done);
            if is_done || self.state != State::Reading {
                break;
            }
        }
        Ok(())
    }

    fn row(&mut self, framed: &Bytes, row: &Row) -> Result<(), RequestError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let mut values = current.base.clone();
        let prefix = match self.shape.grouping {
            Grouping::ByPrefix(count) => count,
            Grouping::None | Grouping::Everything => 0,
        };
        let prefix = self.shape.add_clustering(framed, prefix, &mut values)?;
        self.shape.add_cells(row, self.now, &mut values);
        let prefix = framed.get(..prefix).unwrap_or_default();
        self.offer(row_suffix(framed), prefix, &values)
    }

    /// Leaves the current partition: one with only static content may be a row now, and its last
    /// group is complete.
    fn leave_partition(&mut self) -> Result<(), RequestError> {
        let Some(current) = &self.current else {
            return Ok(());
        };
        let static_only = current.has_static && current.rows_seen == 0 && !current.is_done;
        if static_only && self.shape.shows_static_only {
            let values = current.base.clone();
            self.offer(Position::END, &[], &values)?;
            if self.state != State::Reading {
                return Ok(());
            }
        }
        if matches!(self.shape.grouping, Grouping::ByPrefix(_)) && self.collector.has_open_group() {
            self.close_group()?;
        }
        self.current = None;
        Ok(())
    }

    /// Looks at one row of the current partition.
    fn offer(
        &mut self,
        suffix: Bytes,
        prefix: &[u8],
        values: &RowValues,
    ) -> Result<(), RequestError> {
        let is_wanted = self.filters.iter().all(|filter| filter.accepts(values));
        if is_wanted && !self.make_room(prefix)? {
            return Ok(());
        }
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        current.rows_seen += 1;
        self.resume = Some(Resume {
            index: current.index,
            taken: current.taken,
            position: Position {
                token: current.token,
                key: current.key.clone(),
                suffix,
                rows_seen: u32::try_from(current.rows_seen).unwrap_or(u32::MAX),
            },
        });
        if !is_wanted {
            return Ok(());
        }
        match self.shape.grouping {
            Grouping::None => {
                self.collector.emit(values)?;
                self.count_row();
            }
            Grouping::Everything | Grouping::ByPrefix(_) => {
                self.collector.gather(prefix, values)?;
            }
        }
        Ok(())
    }

    /// Whether a row with this prefix may be taken: the page is not full, its partition not done.
    fn make_room(&mut self, prefix: &[u8]) -> Result<bool, RequestError> {
        match self.shape.grouping {
            Grouping::Everything => return Ok(true),
            Grouping::ByPrefix(_) if self.collector.continues_group(prefix) => return Ok(true),
            Grouping::ByPrefix(_) if self.collector.has_open_group() => self.close_group()?,
            Grouping::None | Grouping::ByPrefix(_) => {}
        }
        if self.state != State::Reading {
            return Ok(false);
        }
        if self.current.as_ref().is_none_or(|current| current.is_done) {
            return Ok(false);
        }
        if self.page_left == 0 {
            self.state = State::PageFull;
            return Ok(false);
        }
        Ok(true)
    }

    fn close_group(&mut self) -> Result<(), RequestError> {
        self.collector.close_group()?;
        self.count_row();
        Ok(())
    }

    /// Counts a row of the result against the limits.
    fn count_row(&mut self) {
        if self.page_left != u64::MAX {
            self.page_left -= 1;
        }
        if let Some(current) = &mut self.current {
            current.taken += 1;
            let limit = if self.shape.sort.is_empty() {
                self.limits.per_partition
            } else {
                self.limits.per_partition.min(self.limits.total)
            };
            current.is_done = current.taken >= limit || self.shape.distinct;
            if let Some(resume) = &mut self.resume {
                resume.taken = current.taken;
                if current.is_done {
                    resume.position.suffix = Position::END;
                }
            }
        }
        if self.shape.sort.is_empty() && self.limits.total != u64::MAX {
            self.limits.total -= 1;
            if self.limits.total == 0 {
                self.state = State::Finished;
            }
        }
    }
}
