//! How long functions and files are: said, never refused.
//!
//! Relies on rustfmt: a function ends at the first line that is its closing brace at
//! its own indentation. Tests at the end of a file do not count.

/// A function should fit a screen; above this it is named.
pub const FUNCTION_LINES_AIM: usize = 70;

/// A file without its tests; above this it is named.
pub const FILE_LINES_AIM: usize = 500;

/// The file without the test module at its end.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// How many lines a file has without its tests.
pub fn file_lines(text: &str) -> usize {
    without_tests(text).lines().count()
}

/// Each function of the file: its lines, its name and where it starts (from one).
pub fn functions(text: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = without_tests(text).lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let is_end = |candidate: &&str| {
            candidate.len() - candidate.trim_start().len() == indent
                && (candidate.trim() == "}" || candidate.trim_end().ends_with([';', '}']))
        };
        let end = lines.iter().skip(index).position(is_end);
        if let Some(offset) = end {
            found.push((offset + 1, name, index + 1));
        }
    }
    found
}

/// The name of the function that this line starts, if it does.
fn function_name(line: &str) -> Option<String> {
    let mut rest = line.trim_start();
    for word in [
        "pub(crate) ",
        "pub(super) ",
        "pub ",
        "const ",
        "async ",
        "unsafe ",
        "extern \"C\" ",
    ] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name: String = rest
        .strip_prefix("fn ")?
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! Text.\n\nfn one() {}\n\nimpl A {\n    pub async fn two(\n        a: u8,\n    ) \
                        {\n        if a > 0 {\n        }\n    }\n\n    fn three();\n}\n\n#[cfg(test)]\nmod tests {\n    fn four() {}\n}\n";

    #[test]
    fn functions_are_measured_without_tests() {
        let wanted = vec![
            (1, "one".into(), 3),
            (6, "two".into(), 6),
            (1, "three".into(), 13),
        ];
        assert_eq!(functions(TEXT), wanted);
    }

    #[test]
    fn files_are_measured_without_tests() {
        assert_eq!(file_lines(TEXT), 14);
        assert_eq!(file_lines("a\nb\n"), 2);
    }
}
