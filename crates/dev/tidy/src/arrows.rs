//! Which workspace crate may depend on which: the layers, as a table.
//!
//! [`ARROWS`] *is* the diagram. The check compares it with what `cargo metadata` says,
//! for normal, build and test dependencies alike, both ways: an arrow that is not in the
//! table is refused, and so is a row whose crate is gone.
//!
//! The same pass keeps RocksDB behind one crate and clocks, sockets and randomness out
//! of the manifests of `crates/core`. (What the standard library offers of them is banned
//! there by `crates/core/clippy.toml`.)

use serde_json::Value;

use crate::Finding;

/// Crate → what it may depend on. `core/*` means every crate below `crates/core`, `*` anything.
pub const ARROWS: &[(&str, &[&str])] = &[
    // core: pure
    ("quorate-types", &[]),
    ("quorate-data", &["quorate-types"]),
    ("quorate-cluster", &["quorate-types", "quorate-data"]),
    (
        "quorate-system",
        &["quorate-types", "quorate-data", "quorate-cluster"],
    ),
    ("quorate-paxos", &["quorate-types"]),
    ("quorate-gossip", &["quorate-types"]),
    (
        "quorate-coordinator",
        &["quorate-types", "quorate-data", "quorate-cluster"],
    ),
    ("quorate-cql", &["quorate-types"]),
    (
        "quorate-query",
        &[
            "quorate-types",
            "quorate-data",
            "quorate-cluster",
            "quorate-cql",
            "quorate-system",
        ],
    ),
    (
        "quorate-request",
        &[
            "quorate-types",
            "quorate-cluster",
            "quorate-coordinator",
            "quorate-query",
            "quorate-system",
        ],
    ),
    ("quorate-frame", &["quorate-types", "quorate-data"]),
    // io: each owns one piece of the outside world
    ("quorate-commitlog", &["quorate-types"]),
    (
        "quorate-storage",
        &[
            "quorate-types",
            "quorate-data",
            "quorate-cluster",
            "quorate-commitlog",
        ],
    ),
    ("quorate-tls", &[]),
    ("quorate-internode", &["core/*", "quorate-tls"]),
    ("quorate-grpc", &["core/*", "quorate-tls"]),
    ("quorate-native", &["core/*", "quorate-tls"]),
    // app: wiring and programs; the node meets the engine only through a trait
    ("quorate-node", &["core/*", "quorate-internode"]),
    ("quorate-client", &["quorate-types", "quorate-data"]),
    ("quorate-access", &["quorate-client"]),
    (
        "quorate-shell",
        &[
            "quorate-types",
            "quorate-data",
            "quorate-cql",
            "quorate-access",
            "quorate-client",
        ],
    ),
    (
        "quorate-admin",
        &["quorate-types", "quorate-access", "quorate-client"],
    ),
    ("quorate", &["core/*", "io/*", "app/*"]),
    // dev: never shipped
    (
        "quorate-sim",
        &["core/*", "quorate-internode", "quorate-node"],
    ),
    ("quorate-tidy", &[]),
    ("quorate-tests", &["*"]),
    ("quorate-benches", &["*"]),
];

/// The crates that may name RocksDB: its owner, and the benchmarks that compare with it.
pub const ROCKSDB_USERS: &[&str] = &["quorate-storage", "quorate-benches"];

/// What makes a crate of `core` impure merely by being there (tests excepted).
const IMPURE: &[&str] = &[
    "tokio",
    "tonic",
    "rand",
    "getrandom",
    "fastrand",
    "socket2",
    "mio",
    "tracing-subscriber",
];

/// One workspace crate as `cargo metadata --no-deps` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name in the manifest.
    pub name: String,
    /// Its folder below the top of the repository, for instance `crates/core/types`.
    pub folder: String,
    /// Everything it depends on, by package name.
    pub dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package, not what the code calls it.
    pub name: String,
    /// Whether only tests and benches see it.
    pub is_dev: bool,
}

/// Reads the answer of `cargo metadata --no-deps --format-version 1`.
///
/// # Errors
/// Says which field is missing when cargo's format has changed.
pub fn parse_metadata(json: &str) -> Result<Vec<Package>, String> {
    let value: Value = serde_json::from_str(json).map_err(|e| format!("cargo metadata: {e}"))?;
    let root = text(&value, "workspace_root")?;
    let mut packages = Vec::new();
    for package in list(&value, "packages")? {
        let manifest = text(package, "manifest_path")?;
        let folder = manifest
            .strip_prefix(root)
            .and_then(|path| path.strip_suffix("Cargo.toml"))
            .ok_or_else(|| format!("{manifest} lies outside the workspace"))?;
        let mut dependencies = Vec::new();
        for dependency in list(package, "dependencies")? {
            dependencies.push(Dependency {
                name: text(dependency, "name")?.to_owned(),
                is_dev: dependency.get("kind").and_then(Value::as_str) == Some("dev"),
            });
        }
        packages.push(Package {
            name: text(package, "name")?.to_owned(),
            folder: folder.trim_matches('/').to_owned(),
            dependencies,
        });
    }
    Ok(packages)
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str, String> {
    value
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("cargo metadata has no text field `{field}`"))
}

fn list<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>, String> {
    value
        .get(field)
        .and_then(Value::as_array)
        .ok_or_else(|| format!("cargo metadata has no list field `{field}`"))
}

/// Compares the manifests with `table`.
pub fn check(packages: &[Package], table: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let Some((_, allowed)) = table.iter().find(|(name, _)| *name == package.name) else {
            findings.push(Finding::whole(
                &package.folder,
                format!("{} has no row in the table of allowed arrows", package.name),
            ));
            continue;
        };
        for dependency in &package.dependencies {
            if let Some(message) = refusal(packages, package, allowed, dependency) {
                findings.push(Finding::whole(&package.folder, message));
            }
        }
    }
    for (name, _) in table {
        if !packages.iter().any(|package| package.name == *name) {
            findings.push(Finding::whole(
                name,
                "a row of allowed arrows, but no such crate",
            ));
        }
    }
    findings
}

/// Why `package` must not have `dependency`, if it must not.
fn refusal(
    packages: &[Package],
    package: &Package,
    allowed: &[&str],
    dependency: &Dependency,
) -> Option<String> {
    let name = dependency.name.as_str();
    if ["rocksdb", "rust-rocksdb", "rust-librocksdb-sys"].contains(&name) {
        let message = format!(
            "depends on {name}; only {} may",
            ROCKSDB_USERS.join(" and ")
        );
        return (!ROCKSDB_USERS.contains(&package.name.as_str())).then_some(message);
    }
    if package.folder.starts_with("crates/core/") && !dependency.is_dev && IMPURE.contains(&name) {
        return Some(format!("is pure and must not depend on {name}"));
    }
    let ours = packages.iter().find(|other| other.name == name)?;
    let fits = allowed
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some("") => true,
            Some(layer) => ours.folder.starts_with(&format!("crates/{layer}")),
            None => *pattern == name,
        });
    (!fits).then(|| format!("{} → {name} is not an allowed arrow", package.name))
}

/// Refuses a manifest that does not take the workspace's lints.
pub fn check_lints(package: &Package, manifest: &str) -> Option<Finding> {
    let takes_them = manifest
        .split("\n[")
        .any(|table| table.starts_with("lints]") && table.contains("workspace = true"));
    let place = format!("{}/Cargo.toml", package.folder);
    (!takes_them).then(|| Finding::whole(&place, "add `[lints] workspace = true`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, &[&str])] = &[
        ("quorate-types", &[]),
        ("quorate-data", &["quorate-types"]),
        ("quorate-node", &["core/*"]),
        ("quorate-storage", &["quorate-data"]),
        ("quorate-tests", &["*"]),
    ];

    /// The findings for a workspace written as `name folder: dependency dependency(dev)`.
    fn messages(lines: &[&str]) -> Vec<String> {
        let mut packages: Vec<Package> = ["types core", "data core", "node app", "storage io"]
            .iter()
            .map(|row| package(row.split_once(' ').expect("two words"), ""))
            .collect();
        packages.push(Package {
            name: "quorate-tests".into(),
            folder: "tests".into(),
            dependencies: vec![],
        });
        for line in lines {
            let (head, dependencies) = line.split_once(':').expect("a colon");
            let name = format!("quorate-{head}");
            let known = packages.iter_mut().find(|p| p.name == name);
            let added = package((head, "core"), dependencies);
            match known {
                Some(known) => known.dependencies = added.dependencies,
                None => packages.push(added),
            }
        }
        check(&packages, TABLE)
            .into_iter()
            .map(|f| f.to_string())
            .collect()
    }

    fn package((name, layer): (&str, &str), dependencies: &str) -> Package {
        Package {
            name: format!("quorate-{name}"),
            folder: format!("crates/{layer}/{name}"),
            dependencies: dependencies
                .split_whitespace()
                .map(|word| Dependency {
                    name: word.trim_end_matches("(dev)").to_owned(),
                    is_dev: word.ends_with("(dev)"),
                })
                .collect(),
        }
    }

    #[test]
    fn arrows_of_the_table_are_silent() {
        let lines = [
            "data: quorate-types serde",
            "node: quorate-types quorate-data tokio",
        ];
        assert_eq!(messages(&lines), Vec::<String>::new());
        assert_eq!(
            messages(&["tests: quorate-storage quorate-node"]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_arrow_upwards_is_refused_even_for_tests() {
        let wanted = "crates/core/types: quorate-types → quorate-data is not an allowed arrow";
        assert_eq!(messages(&["types: quorate-data"]), [wanted]);
        assert_eq!(messages(&["types: quorate-data(dev)"]), [wanted]);
        let wanted = "crates/app/node: quorate-node → quorate-storage is not an allowed arrow";
        assert_eq!(messages(&["node: quorate-storage"]), [wanted]);
    }

    #[test]
    fn rocksdb_belongs_to_one_crate() {
        assert_eq!(messages(&["storage: rust-rocksdb"]), Vec::<String>::new());
        assert_eq!(
            messages(&["node: rust-rocksdb"]),
            [
                "crates/app/node: depends on rust-rocksdb; only quorate-storage and quorate-benches may"
            ]
        );
    }

    #[test]
    fn core_takes_nothing_impure_outside_its_tests() {
        assert_eq!(messages(&["data: rand(dev)"]), Vec::<String>::new());
        assert_eq!(
            messages(&["data: rand"]),
            ["crates/core/data: is pure and must not depend on rand"]
        );
    }

    #[test]
    fn table_and_workspace_name_the_same_crates() {
        assert_eq!(
            messages(&["util:"]),
            ["crates/core/util: quorate-util has no row in the table of allowed arrows"]
        );
        assert_eq!(
            check(&[], &[("quorate-gone", &[])]),
            [Finding::whole(
                "quorate-gone",
                "a row of allowed arrows, but no such crate"
            )]
        );
    }

    #[test]
    fn metadata_becomes_packages() {
        let json = r#"{"workspace_root": "/here", "packages": [{
            "name": "quorate-data", "manifest_path": "/here/crates/core/data/Cargo.toml",
            "dependencies": [{"name": "bytes", "kind": null}, {"name": "proptest", "kind": "dev"}]
        }]}"#;
        let wanted = package(("data", "core"), "bytes proptest(dev)");
        assert_eq!(parse_metadata(json), Ok(vec![wanted]));
        assert_eq!(
            parse_metadata("{}"),
            Err("cargo metadata has no text field `workspace_root`".to_owned())
        );
    }

    #[test]
    fn a_manifest_takes_the_shared_lints() {
        let data = package(("data", "core"), "");
        let good = "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n";
        assert_eq!(check_lints(&data, good), None);
        let bad = "[package]\nversion.workspace = true\n\n[lints]\n\n[dependencies]\n";
        assert_eq!(
            check_lints(&data, bad).map(|f| f.to_string()),
            Some("crates/core/data/Cargo.toml: add `[lints] workspace = true`".to_owned())
        );
    }
}
