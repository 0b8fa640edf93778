//! How many columns of a terminal a text takes.
//!
//! A short list of ranges stands for Unicode's tables: combining marks take none, East Asian wide
//! characters and emoji two. Where it errs, a table's rule is off by one; nothing is lost.

use std::fmt::Write as _;

/// Columns of one character.
const fn width_of(character: char) -> usize {
    match character as u32 {
        0x0300..=0x036F
        | 0x0483..=0x0489
        | 0x0591..=0x05BD
        | 0x064B..=0x065F
        | 0x0E34..=0x0E3A
        | 0x1AB0..=0x1AFF
        | 0x1DC0..=0x1DFF
        | 0x200B..=0x200F
        | 0x2028..=0x202E
        | 0x20D0..=0x20FF
        | 0xFE00..=0xFE0F
        | 0xFE20..=0xFE2F
        | 0xFEFF => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0x33FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xA000..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F900..=0x1FAFF
        | 0x2_0000..=0x3_FFFD => 2,
        _ => 1,
    }
}

/// Columns of a text without control characters.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().map(width_of).sum()
    }
}

/// The text with control characters written as escapes, so that it stays on its line.
pub(crate) fn printable(text: String) -> String {
    if !text.chars().any(char::is_control) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\x{:02x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out
}

/// The text cut into lines of at most `columns` (at least one character a line), at blanks where
/// that wastes little.
pub(crate) fn fit(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while width(rest) > columns {
        let mut used = 0;
        let mut cut = rest.len();
        for (index, character) in rest.char_indices() {
            used += width_of(character);
            if used > columns && index > 0 {
                cut = index;
                break;
            }
        }
        let (head, _) = rest.split_at(cut);
        let blank = head.rfind(' ').map(|index| index + 1);
        let cut = blank.filter(|blank| *blank * 3 > cut).unwrap_or(cut);
        let (line, after) = rest.split_at(cut);
        lines.push(line.trim_end());
        rest = after;
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest);
    }
    lines
}
