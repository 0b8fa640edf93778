//! Aligned columns, and numbers in the units that read best.

use std::fmt;

/// Which side of its column a cell stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows under a head, each column as wide as its widest cell; no blanks at the lines' ends.
pub(crate) fn columns<const N: usize>(
    head: [(&str, Side); N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut lines = vec![head.map(|(title, _)| title.to_owned())];
    lines.extend(rows);
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths).zip(head);
        let cells: Vec<String> = cells
            .map(|((cell, width), (_, side))| match side {
                Side::Left => format!("{cell:<width$}"),
                Side::Right => format!("{cell:>width$}"),
            })
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// Bytes in binary units, as `104.3 KiB`.
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut amount = self.0 as f64;
        let mut units = ["KiB", "MiB", "GiB", "TiB", "PiB"].into_iter();
        let mut unit = "bytes";
        // What would be rounded to 1024.0 is the next unit's 1.0.
        while amount >= 1023.95
            && let Some(next) = units.next()
        {
            amount /= 1024.0;
            unit = next;
        }
        if unit == "bytes" {
            write!(f, "{} bytes", self.0)
        } else {
            write!(f, "{amount:.1} {unit}")
        }
    }
}

/// A share of the whole, as `33.3%`.
pub(crate) struct Share(pub(crate) f64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}%", self.0 * 100.0)
    }
}

/// How long ago something was, in its largest unit.
pub(crate) struct Age {
    pub(crate) secs: u64,
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secs {
            secs @ ..60 => write!(f, "{secs} s ago"),
            secs @ ..3_600 => write!(f, "{} min ago", secs / 60),
            secs @ ..86_400 => write!(f, "{} h ago", secs / 3_600),
            secs => write!(f, "{} d ago", secs / 86_400),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let head = [
            ("name", Side::Left),
            ("n", Side::Right),
            ("last", Side::Left),
        ];
        let rows = [["a", "7", "x"], ["longer name", "1000", ""]];
        assert_eq!(
            columns(head, rows.map(|row| row.map(str::to_owned))),
            "\
name            n  last
a               7  x
longer name  1000
"
        );
    }

    #[test]
    fn sizes_and_ages_have_the_unit_that_reads_best() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_024, "1.0 KiB"),
            (106_803, "104.3 KiB"),
            (1_048_575, "1.0 MiB"),
            (u64::MAX, "16384.0 PiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), expected);
        }
        assert_eq!(Share(1.0 / 3.0).to_string(), "33.3%");
        for (secs, expected) in [
            (59, "59 s ago"),
            (60, "1 min ago"),
            (7_200, "2 h ago"),
            (200_000, "2 d ago"),
        ] {
            assert_eq!(Age { secs }.to_string(), expected);
        }
    }
}
