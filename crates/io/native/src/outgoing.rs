//! From answers to bytes to send: everything that is ready leaves with one write.

use crate::convert::Answer;
use crate::convert::RowsAnswer;
use bytes::BytesMut;
use quorate_frame::ColumnRef;
use quorate_frame::Compression;
use quorate_frame::ResponseFrame;
use quorate_frame::RowsRef;
use quorate_frame::Version;
use quorate_frame::encode_response;
use quorate_frame::encode_rows;
use quorate_frame::segment;

/// What an idle connection may keep for its next answers.
const IDLE_BYTES_MAX: usize = 16 << 10;

/// What a connection has to send.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Ready for the socket.
    pub(crate) ready: BytesMut,
    /// Frames that wait to be wrapped in a segment together.
    unwrapped: BytesMut,
    version: Version,
    compression: Option<Compression>,
    in_segments: bool,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        Self {
            ready: BytesMut::new(),
            unwrapped: BytesMut::new(),
            version: Version::V5,
            compression: None,
            in_segments: false,
        }
    }

    pub(crate) fn speak(&mut self, version: Version) {
        self.version = version;
    }

    /// The handshake is over: what follows is compressed, and in version 5 comes in segments.
    pub(crate) fn switch(&mut self, compression: Option<Compression>) {
        self.compression = compression;
        self.in_segments = self.version == Version::V5;
    }

    pub(crate) fn push(&mut self, answer: &Answer) {
        let (version, compression) = (self.version, self.compression);
        if !self.in_segments {
            encode(version, answer, compression, &mut self.ready);
            return;
        }
        let before = self.unwrapped.len();
        encode(version, answer, None, &mut self.unwrapped);
        if before > 0 && self.unwrapped.len() > segment::PAYLOAD_BYTES_MAX {
            // A segment holds whole frames, or a part of one.
            let last = self.unwrapped.split_off(before);
            self.wrap();
            self.unwrapped = last;
        }
        if self.unwrapped.len() > segment::PAYLOAD_BYTES_MAX {
            self.wrap();
        }
    }

    /// Bytes that wait to be sent.
    pub(crate) fn waiting(&self) -> usize {
        self.ready.len() + self.unwrapped.len()
    }

    /// Makes everything ready for the socket.
    pub(crate) fn seal(&mut self) {
        if self.ready.is_empty() && self.ready.capacity() > IDLE_BYTES_MAX {
            self.ready = BytesMut::new();
        }
        if !self.unwrapped.is_empty() {
            self.wrap();
        }
    }

    fn wrap(&mut self) {
        segment::encode(&self.unwrapped, self.compression.is_some(), &mut self.ready);
        self.unwrapped.clear();
    }
}

fn encode(version: Version, answer: &Answer, compression: Option<Compression>, out: &mut BytesMut) {
    match answer {
        Answer::Frame(frame) => encode_response(version, frame, compression, out),
        Answer::Rows(rows) => encode_rows_answer(version, rows, compression, out),
    }
}

fn encode_rows_answer(
    version: Version,
    answer: &RowsAnswer,
    compression: Option<Compression>,
    out: &mut BytesMut,
) {
    let result = &answer.result;
    let columns = result.columns.iter().map(|column| ColumnRef {
        keyspace: &column.keyspace,
        table: &column.table,
        name: &column.name,
        cql_type: column.cql_type,
    });
    let frame = ResponseFrame {
        stream: answer.stream,
        tracing_id: answer.tracing_id,
        warnings: answer.warnings.clone(),
        custom_payload: answer.custom_payload.clone(),
        response: RowsRef {
            columns,
            skip_metadata: answer.skip_metadata,
            paging_state: result.paging_state.as_deref(),
            new_metadata_id: answer.new_metadata_id.as_ref().map(|id| &id[..]),
            rows: &result.rows,
        },
    };
    encode_rows(version, &frame, compression, out);
}
