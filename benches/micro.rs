//! CPU time of the pure parts: reconcile, row codec, key codec, mutation, digest.
//!
//! One thread; each figure is the median of five samples of at least 120 ms of CPU time.

use bytes::Bytes;
use quorate_benches::Run;
use quorate_benches::Table;
use quorate_benches::cpu;
use quorate_benches::random::Random;
use quorate_benches::samples;
use quorate_data::CqlType;
use quorate_data::DataReply;
use quorate_data::Entry;
use quorate_data::FragmentView;
use quorate_data::Mutation;
use quorate_data::PartitionData;
use quorate_data::ReadCommand;
use quorate_data::Row;
use quorate_data::key::partition_prefix;
use quorate_data::key::row_suffix;
use quorate_data::ordered::decode_component;
use quorate_data::ordered::encode_component;
use quorate_data::reconcile::Merger;
use quorate_data::reconcile::merge_fragments;
use quorate_data::reconcile::normalize;
use quorate_types::NowInSeconds;
use quorate_types::Token;
use std::hint::black_box;
use std::time::Duration;

const SAMPLES: usize = 5;
const SAMPLE_CPU_MIN: Duration = Duration::from_millis(120);
const MICROS: i64 = 1_700_000_000_000_000;

fn main() -> anyhow::Result<()> {
    let Some(run) = Run::begin("micro") else {
        return Ok(());
    };
    let mut bench = Bench {
        run,
        table: Table::new("CPU time of the pure parts", &["operation", "ns"]),
    };
    reconcile(&mut bench)?;
    row_codec(&mut bench)?;
    key_codec(&mut bench)?;
    messages(&mut bench)?;
    bench.table.print();
    Ok(())
}

struct Bench {
    run: Run,
    table: Table,
}

impl Bench {
    fn measure<T>(&mut self, name: &str, mut operation: impl FnMut() -> T) -> anyhow::Result<()> {
        if !self.run.wants(name) {
            return Ok(());
        }
        let mut count = 64_u64;
        while nanos(&mut operation, count)?.0 < SAMPLE_CPU_MIN {
            count *= 2;
        }
        let mut each = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            each.push(nanos(&mut operation, count)?.1);
        }
        each.sort_by(f64::total_cmp);
        let median = each.get(SAMPLES / 2).copied().unwrap_or_default();
        self.table.row([name.to_owned(), format!("{median:.0}")]);
        Ok(())
    }
}

/// CPU time of `count` operations, and nanoseconds of each.
fn nanos<T>(operation: &mut impl FnMut() -> T, count: u64) -> anyhow::Result<(Duration, f64)> {
    let before = cpu::of_this_thread()?;
    for _ in 0..count {
        black_box(operation());
    }
    let spent = cpu::of_this_thread()?.saturating_sub(before);
    Ok((spent, spent.as_nanos() as f64 / count as f64))
}

fn reconcile(bench: &mut Bench) -> anyhow::Result<()> {
    let ten = samples::wide_row(1, 10, MICROS).encode();
    let other_ten = samples::wide_row(1, 10, MICROS + 1).encode();
    let one = samples::wide_row(4, 1, MICROS + 1).encode();
    let mut out = Vec::new();
    let mut merge = |a: &[u8], b: &[u8]| {
        out.clear();
        merge_fragments(black_box(a), black_box(b), &mut out)
    };
    bench.measure("merge fragments, 10 + 1 cells", || merge(&ten, &one))?;
    bench.measure("merge fragments, 10 + 10 cells", || merge(&ten, &other_ten))?;
    let singles: Vec<Bytes> = (0..10)
        .map(|index| samples::wide_row(1 + index, 1, MICROS).encode())
        .collect();
    let mut merger = Merger::new();
    bench.measure("merge 10 operands of 1 cell", || {
        merger.clear();
        let pushed = singles.iter().try_for_each(|single| merger.push(single));
        pushed.map(|()| merger.finish().len())
    })?;
    bench.measure("normalize for a read, 10 cells", || {
        out.clear();
        let now = NowInSeconds(1_700_000_000);
        normalize(black_box(&ten), None, now, 0, &mut out)
    })
}

fn row_codec(bench: &mut Bench) -> anyhow::Result<()> {
    let row = samples::wide_row(1, 10, MICROS);
    let bytes = row.encode();
    let mut out = Vec::new();
    bench.measure("encode a row, 10 cells", || {
        out.clear();
        black_box(&row).encode_into(&mut out);
    })?;
    bench.measure("parse a row in place, 10 cells", || {
        FragmentView::parse(black_box(&bytes)).map(|view| view.cells().count())
    })?;
    bench.measure("decode a row, 10 cells", || {
        Row::decode_shared(black_box(&bytes))
    })
}

fn key_codec(bench: &mut Bench) -> anyhow::Result<()> {
    let number = 123_456_i32.to_be_bytes();
    let text = b"a clustering of 24 bytes";
    let moment = 1_700_000_000_123_i64.to_be_bytes();
    let mut out = Vec::with_capacity(128);
    bench.measure("encode a key: int", || {
        out.clear();
        encode_component(CqlType::Int, black_box(&number), false, &mut out);
    })?;
    bench.measure("encode a key: text, 24 bytes", || {
        out.clear();
        encode_component(CqlType::Text, black_box(text), false, &mut out);
    })?;
    let composite = |out: &mut Vec<u8>| {
        out.clear();
        encode_component(CqlType::Int, black_box(&number), false, out);
        encode_component(CqlType::Text, black_box(text), false, out);
        encode_component(CqlType::Timestamp, black_box(&moment), true, out);
    };
    bench.measure("encode a key: int, text, timestamp DESC", || {
        composite(&mut out);
    })?;
    composite(&mut out);
    bench.measure("decode a key: int, text, timestamp DESC", || {
        let mut input = black_box(&out[..]);
        let first = decode_component(CqlType::Int, false, &mut input);
        let second = decode_component(CqlType::Text, false, &mut input);
        let third = decode_component(CqlType::Timestamp, true, &mut input);
        (first, second, third)
    })?;
    let key = samples::key(42);
    bench.measure("token of a key, 8 bytes", || Token::of_key(black_box(&key)))?;
    let token = Token::of_key(&key);
    bench.measure("storage prefix of a partition, 8 bytes", || {
        partition_prefix(token, black_box(&key))
    })
}

fn messages(bench: &mut Bench) -> anyhow::Result<()> {
    let value = Random::new(1).bytes(samples::VALUE_BYTES);
    let mutation = samples::mutation(1 << 60, value, MICROS);
    let encoded = mutation.encode();
    let size = encoded.len();
    bench.measure(&format!("encode a mutation, {size} bytes"), || {
        black_box(&mutation).encode()
    })?;
    bench.measure(
        &format!("decode and check a mutation, {size} bytes"),
        || Mutation::decode(black_box(encoded.clone())),
    )?;
    let command = samples::point_read(7);
    let sent = command.encode();
    bench.measure("encode a read command", || black_box(&command).encode())?;
    bench.measure("decode a read command", || {
        ReadCommand::decode(black_box(sent.clone()))
    })?;
    let reply = DataReply {
        partitions: vec![PartitionData {
            key: samples::key(7),
            entries: vec![Entry {
                suffix: row_suffix(samples::NO_CLUSTERING),
                fragment: samples::wide_row(1, 10, MICROS).encode(),
            }],
        }],
        stopped_at: None,
    };
    let sent = reply.encode();
    bench.measure("encode a reply of one row, 10 cells", || {
        black_box(&reply).encode()
    })?;
    bench.measure("decode a reply of one row, 10 cells", || {
        DataReply::decode(black_box(sent.clone()))
    })?;
    bench.measure("digest of one row, 10 cells", || {
        black_box(&reply).digest(&command)
    })
}
