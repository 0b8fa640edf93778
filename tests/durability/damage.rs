//! A commit log that no crash can have left is named, not passed over in silence.

use crate::clean_stop::count;
use crate::clean_stop::fill;
use anyhow::Context;
use anyhow::ensure;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// The segment with the most records, its number, and how many of its bytes are used.
fn fullest_segment(data: &Path) -> anyhow::Result<(PathBuf, u64, usize)> {
    let mut fullest: Option<(PathBuf, u64, usize)> = None;
    for entry in std::fs::read_dir(data.join("commitlog"))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let number = name
            .strip_prefix("segment-")
            .and_then(|rest| rest.strip_suffix(".log"));
        let Some(number) = number else { continue };
        let bytes = std::fs::read(&path)?;
        let used = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        if fullest.as_ref().is_none_or(|(_, _, most)| used > *most) {
            fullest = Some((path, number.parse()?, used));
        }
    }
    fullest.context("there is no segment")
}

#[test]
fn a_flipped_bit_in_the_middle_of_the_log_refuses_the_start_and_is_named() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let client = cluster.client().await?;
        fill(&client).await?;
        let rows = count(cluster).await?;
        cluster.kill(1)?;
        let (path, segment, used) = fullest_segment(&cluster.data_directory(1)?)?;
        ensure!(
            used > 50_000,
            "only {used} bytes of segment {segment} are used"
        );
        let mut bytes = std::fs::read(&path)?;
        let flipped = used / 2;
        *bytes.get_mut(flipped).context("no such byte")? ^= 0x10;
        std::fs::write(&path, &bytes)?;

        cluster.start(1)?;
        let status = cluster.wait_for_end(1, Duration::from_secs(20)).await?;
        assert!(!status.success(), "the node ended with {status}");
        let log = cluster.log(1)?;
        let (_, rest) = log
            .split_once(&format!("commit log damaged at segment {segment} offset "))
            .with_context(|| format!("the damage is not named in: {log}"))?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let offset: usize = digits.parse()?;
        ensure!(
            offset <= flipped && flipped < offset + 1_000,
            "offset {offset} was named, the byte at {flipped} was changed"
        );
        ensure!(
            std::fs::read(&path)? == bytes,
            "a refused start changed the log"
        );

        cluster.set(1, "commit_log_damage=skip")?;
        cluster.start(1)?;
        cluster.settle().await?;
        let left = count(cluster).await?;
        ensure!((1..rows).contains(&left), "{left} of {rows} rows are left");
        let log = cluster.log(1)?;
        ensure!(
            log.contains("was left out"),
            "what was left out is not logged"
        );
        Ok(())
    })
}
