//! `quorate-sim`: runs seeds, or one seed with everything that happens in it.

use clap::Parser;
use quorate_sim::planted::PlantedBug;
use quorate_sim::run_seed;
use quorate_sim::trace::TraceSink;
use std::io;
use std::io::Write;
use std::panic;
use std::process::ExitCode;
use std::str::FromStr;

/// Runs clusters in a seeded world and checks what they promise.
#[derive(Parser)]
struct Args {
    /// The seed to run.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Seeds to run: `0..200`, the last one left out.
    #[arg(long)]
    seeds: Option<Seeds>,
    /// Writes down everything that happens.
    #[arg(long)]
    trace: bool,
    /// Shows what the nodes log, on standard error.
    #[arg(long)]
    log: bool,
    /// A bug to plant.
    #[arg(long)]
    plant: Option<PlantedBug>,
}

/// A range of seeds.
#[derive(Clone, Copy)]
struct Seeds(u64, u64);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("expected FROM..TO, got '{text}'");
        let (from, to) = text.split_once("..").ok_or_else(refused)?;
        let number = |text: &str| text.parse().map_err(|_| refused());
        Ok(Self(number(from)?, number(to)?))
    }
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    if args.log {
        tracing_subscriber::fmt()
            .with_writer(io::stderr)
            .without_time()
            .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
            .init();
    }
    let Seeds(from, to) = match (args.seed, args.seeds) {
        (Some(seed), _) => Seeds(seed, seed + 1),
        (None, Some(seeds)) => seeds,
        (None, None) => Seeds(0, 20),
    };
    let planted = args.plant.or_else(PlantedBug::of_features);
    let mut failed = 0_u64;
    for seed in from..to {
        let trace = args.trace;
        let ran = panic::catch_unwind(move || run_seed(seed, planted, trace.then(print_lines)));
        let mut out = io::stdout().lock();
        if let Ok(report) = ran {
            failed += u64::from(!report.violations.is_empty());
            writeln!(out, "{report}")?;
        } else {
            failed += 1;
            writeln!(out, "seed {seed}: a task panicked")?;
            writeln!(out, "  cargo run -p quorate-sim -- --seed {seed}")?;
        }
    }
    if failed > 0 {
        writeln!(io::stdout(), "{failed} of {} seeds failed", to - from)?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_lines() -> TraceSink {
    Box::new(|line| {
        // A closed pipe ends the lines, not the run.
        let _ = writeln!(io::stdout(), "{line}");
    })
}
