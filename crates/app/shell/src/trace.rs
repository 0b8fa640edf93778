//! A receipt as a trace: what happened when, like cqlsh's table of a tracing session.

use crate::format::OutputFormat;
use crate::format::Screen;
use crate::format::printer;
use quorate_client::ColumnSpec;
use quorate_client::CqlType;
use quorate_client::Receipt;
use quorate_client::ReplicaReceipt;
use quorate_client::Row;
use quorate_client::Value;
use std::io;
use std::io::Write;
use std::sync::Arc;

/// An event of a request.
struct Event {
    activity: String,
    source: String,
    micros: Option<u64>,
}

/// Writes the steps and the replicas' answers in the order of their time.
pub(crate) fn write_trace(
    out: &mut dyn Write,
    receipt: &Receipt,
    screen: Screen,
) -> io::Result<()> {
    let columns: Arc<[ColumnSpec]> = [
        ("activity", CqlType::Text),
        ("source", CqlType::Text),
        ("source_elapsed", CqlType::Bigint),
    ]
    .into_iter()
    .map(|(name, cql_type)| ColumnSpec {
        keyspace: String::new(),
        table: String::new(),
        name: name.to_owned(),
        cql_type,
    })
    .collect();
    let rows: Vec<Row> = events(receipt)
        .into_iter()
        .map(|event| {
            let micros = event.micros.and_then(|micros| i64::try_from(micros).ok());
            let values = vec![
                event.activity.into(),
                event.source.into(),
                micros.map_or(Value::Null, Value::Integer),
            ];
            Row::new(Arc::clone(&columns), values)
        })
        .collect();
    writeln!(
        out,
        "\nTrace of the request (microseconds), from its receipt:"
    )?;
    let mut printer = printer(OutputFormat::Table, screen);
    printer.page(out, &columns, &rows)?;
    printer.end(out, None)
}

fn events(receipt: &Receipt) -> Vec<Event> {
    let steps = receipt.steps.iter().map(|step| Event {
        activity: format!("step {}", step.name),
        source: "coordinator".to_owned(),
        micros: Some(step.micros),
    });
    let replicas = receipt.replicas.iter().map(|replica| Event {
        activity: format!("replica: {}", answer(replica)),
        source: replica.address.clone(),
        micros: (replica.micros > 0).then_some(replica.micros),
    });
    let mut events: Vec<Event> = steps.chain(replicas).collect();
    // What has no time comes last.
    events.sort_by_key(|event| event.micros.unwrap_or(u64::MAX));
    events
}

fn answer(replica: &ReplicaReceipt) -> &str {
    match (replica.answer.as_str(), replica.asked, replica.alive) {
        ("", true, _) => "no answer",
        ("", false, true) => "not asked",
        ("", false, false) => "down",
        (answer, _, _) => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_client::HostId;
    use quorate_client::StepReceipt;
    use uuid::Uuid;

    #[test]
    fn events_stand_in_the_order_of_their_time() {
        let replica = |address: &str, answer: &str, micros| ReplicaReceipt {
            host_id: HostId(Uuid::nil()),
            address: address.to_owned(),
            datacenter: "dc1".to_owned(),
            asked: micros > 0,
            alive: true,
            answer: answer.to_owned(),
            micros,
        };
        let step = |name: &str, micros| StepReceipt {
            name: name.to_owned(),
            micros,
        };
        let receipt = Receipt {
            replicas: vec![replica("b:1", "", 0), replica("a:1", "data", 310)],
            steps: vec![step("R1", 20), step("R8", 400)],
            ..Receipt::default()
        };
        let mut out = Vec::new();
        write_trace(&mut out, &receipt, Screen::default()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r"
Trace of the request (microseconds), from its receipt:

 activity           | source      | source_elapsed
--------------------+-------------+----------------
 step R1            | coordinator |             20
 replica: data      | a:1         |            310
 step R8            | coordinator |            400
 replica: not asked | b:1         |           null

"
        );
    }
}
