//! `system_traces`: what became of requests whose clients wanted to know.

use crate::Snapshot;
use crate::rows::Rows;
use crate::rows::bigint;
use crate::rows::inet;
use crate::rows::int;
use crate::rows::port;
use crate::rows::text;
use crate::rows::text_map;
use crate::rows::uuid;
use std::time::Duration;

pub(super) fn sessions(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for trace in &snapshot.traces {
        let mut values = vec![
            ("session_id", uuid(trace.id)),
            ("command", text("QUERY")),
            ("coordinator", inet(trace.coordinator.ip())),
            ("coordinator_port", port(trace.coordinator.port())),
            ("duration", micros(trace.duration)),
            ("parameters", text_map(&trace.parameters)),
            ("request", text(&trace.request)),
            ("started_at", bigint(trace.started_millis)),
        ];
        if let Some(client) = trace.client {
            values.push(("client", inet(client)));
        }
        rows.put(&values);
    }
}

pub(super) fn events(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for trace in &snapshot.traces {
        for event in &trace.events {
            rows.put(&[
                ("session_id", uuid(trace.id)),
                ("event_id", uuid(event.id)),
                ("activity", text(&event.activity)),
                ("source", inet(event.source.ip())),
                ("source_elapsed", micros(event.elapsed)),
                ("source_port", port(event.source.port())),
                ("thread", text(event.thread)),
            ]);
        }
    }
}

fn micros(duration: Duration) -> crate::rows::Wire {
    int(i32::try_from(duration.as_micros()).unwrap_or(i32::MAX))
}
