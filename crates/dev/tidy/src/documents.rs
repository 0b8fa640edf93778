//! Documents and data: links that lead nowhere, files that are too big.

use crate::Finding;

/// The biggest file that may be tracked without being named in [`LARGE_FILES`].
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Data that is meant to be big: path and why. Git keeps each version for ever.
pub const LARGE_FILES: &[(&str, &str)] = &[(
    "deploy/demo/flights.csv.gz",
    "the real data that the demo loads, compressed",
)];

/// Refuses a file above [`FILE_BYTES_MAX`] that `listed` does not name.
pub fn check_size(place: &str, bytes: u64, listed: &[(&str, &str)]) -> Option<Finding> {
    let meant = bytes <= FILE_BYTES_MAX || listed.iter().any(|(path, _)| *path == place);
    let message = format!("{bytes} bytes; if it is meant to be here, name it in LARGE_FILES");
    (!meant).then(|| Finding::whole(place, message))
}

/// Refuses relative links whose target `exists` denies.
///
/// `exists` is asked for paths relative to the top of the repository. Links with a
/// scheme and links inside the page are not looked at; code is skipped.
pub fn check_links(place: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in targets(&without_code(line)) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains(':') {
                continue;
            }
            let found = resolve(folder, path).is_some_and(|path| exists(&path));
            if !found {
                findings.push(Finding::at(
                    place,
                    index + 1,
                    format!("dead link: {target}"),
                ));
            }
        }
    }
    findings
}

/// The line without its `code` parts.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

/// What the line links to: `](target)`, `](target "title")` and `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let mut targets: Vec<String> = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|inside| inside.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    if let Some((name, target)) = definition
        && !name.starts_with('^')
    {
        targets.extend(target.split_whitespace().next().map(str::to_owned));
    }
    for target in &mut targets {
        *target = target.trim_matches(['<', '>']).to_owned();
    }
    targets
}

/// `path` as seen from `folder`, from the top of the repository; `None` when it leaves it.
fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(text: &str) -> Vec<String> {
        let there = ["README.md", "docs/formats/log.md", "docs/formats"];
        check_links("docs/a.md", text, |path| there.contains(&path))
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn living_links_are_silent() {
        let text = "[a](../README.md) [b](formats/log.md#records \"the log\") [c](formats/)\n\
                    [d](https://example.org/x) [e](#here) [f](mailto:a@example.org)\n\
                    [g]: formats/log.md\n[^1]: a footnote\n";
        assert_eq!(dead(text), Vec::<String>::new());
    }

    #[test]
    fn dead_links_are_named_with_their_line() {
        assert_eq!(dead("x\n[a](gone.md)"), ["docs/a.md:2: dead link: gone.md"]);
        assert_eq!(
            dead("[a]: formats/gone.md"),
            ["docs/a.md:1: dead link: formats/gone.md"]
        );
        assert_eq!(
            dead("[a](../../README.md)"),
            ["docs/a.md:1: dead link: ../../README.md"]
        );
    }

    #[test]
    fn code_is_not_a_link() {
        assert_eq!(
            dead("`[a](gone.md)`\n```text\n[b](gone.md)\n```\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_accidental_blob_is_refused() {
        let listed = [("data/flights.bin", "the demo's data set")];
        assert_eq!(check_size("src/a.rs", FILE_BYTES_MAX, &listed), None);
        assert!(check_size("core.dump", FILE_BYTES_MAX + 1, &listed).is_some());
        assert_eq!(
            check_size("data/flights.bin", FILE_BYTES_MAX + 1, &listed),
            None
        );
    }
}
