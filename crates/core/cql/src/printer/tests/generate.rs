//! Builds trees as the parser could have made them: for the property that printing is the
//! inverse of parsing. Markers all have number 0.
#![expect(
    clippy::unnecessary_box_returns,
    clippy::boxed_local,
    reason = "the strategies hold boxes and the trees want boxes"
)]

use crate::ast::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

type Made<T> = BoxedStrategy<T>;

/// Any statement with many forms: reading, writing and the schema.
pub(super) fn statement() -> Made<Statement> {
    let plain = any::<bool>().prop_flat_map(|named| {
        prop_oneof![
            select_statement(named).prop_map(|node| Statement::Select(Box::new(node))),
            insert(named).prop_map(|node| Statement::Insert(Box::new(node))),
            update(named).prop_map(|node| Statement::Update(Box::new(node))),
            delete(named).prop_map(|node| Statement::Delete(Box::new(node))),
            batch(named).prop_map(|node| Statement::Batch(Box::new(node))),
            create_table().prop_map(|node| Statement::CreateTable(Box::new(node))),
            alter_table().prop_map(|node| Statement::AlterTable(Box::new(node))),
            create_index().prop_map(|node| Statement::CreateIndex(Box::new(node))),
            create_type().prop_map(Statement::CreateType),
            create_keyspace().prop_map(Statement::CreateKeyspace),
            qualified().prop_map(Statement::Truncate),
            (user_type(), any::<bool>())
                .prop_map(|(name, if_exists)| Statement::DropType(DropNamed { name, if_exists })),
        ]
    });
    (plain, prop::bool::weighted(0.1))
        .prop_map(|(statement, explained)| {
            if explained {
                Statement::ExplainConsistency(Box::new(statement))
            } else {
                statement
            }
        })
        .boxed()
}

/// Names that mean something elsewhere, and names that need quotes.
const ODD_NAMES: &[&str] = &[
    "select",
    "token",
    "ttl",
    "json",
    "distinct",
    "count",
    "int",
    "key",
    "type",
    "as",
    "exists",
    "A",
    "a b",
    "q\"q",
    "P1Y",
    "true",
    "nan",
    "values",
    "list",
    "expr",
    "cast",
    "per",
    "id",
    "compact",
    "clustering",
    "ann",
    "é",
    "1",
    "date",
    "writetime",
    "static",
    "masked",
    "-- x",
];

fn name() -> Made<String> {
    prop_oneof![3 => "[a-z][a-z0-9_]{0,4}", 2 => select(ODD_NAMES).prop_map(str::to_owned)].boxed()
}

fn column() -> Made<String> {
    prop_oneof![20 => name(), 1 => Just(String::new())].boxed()
}

fn qualified() -> Made<QualifiedName> {
    (option::of(name()), name())
        .prop_map(|(keyspace, name)| QualifiedName { keyspace, name })
        .boxed()
}

fn user_type() -> Made<QualifiedName> {
    qualified()
}

pub(super) fn type_name() -> Made<TypeName> {
    let leaf = prop_oneof![
        4 => select(&NativeType::ALL[..]).prop_map(TypeName::Native),
        1 => user_type().prop_map(TypeName::User),
        1 => ".{0,6}".prop_map(TypeName::Custom),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(TypeName::List),
            boxed.clone().prop_map(TypeName::Set),
            boxed.clone().prop_map(TypeName::Frozen),
            (boxed.clone(), boxed.clone()).prop_map(|(key, value)| TypeName::Map(key, value)),
            (boxed, any::<u32>()).prop_map(|(of, dimensions)| TypeName::Vector(of, dimensions)),
            vec(inner, 1..4).prop_map(TypeName::Tuple),
        ]
    })
    .boxed()
}

/// A literal; numbers negative or not.
fn literal() -> Made<Literal> {
    let kinds: [(LiteralKind, &'static str); 6] = [
        (LiteralKind::Integer, "-?[0-9]{1,20}"),
        (
            LiteralKind::Float,
            "-?[0-9]{1,3}(\\.[0-9]{0,3}|e-?[0-9]|\\.5E\\+2)",
        ),
        (LiteralKind::Boolean, "true|FALSE"),
        (
            LiteralKind::Uuid,
            "[0-9a-fA-F]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ),
        (LiteralKind::Hex, "0x[0-9a-fA-F]{0,6}"),
        (
            LiteralKind::Duration,
            "-?([0-9]{1,2}(y|mo|d|h|µs|ns)|P[0-9]Y([0-9]M)?|PT[0-9]H|P[0-9]W)",
        ),
    ];
    let of_kind = select(kinds.to_vec()).prop_flat_map(|(kind, pattern)| {
        proptest::string::string_regex(pattern)
            .expect("the pattern is a regular expression")
            .prop_map(move |text| Literal::new(kind, text))
    });
    let spelled = select(&["NaN", "Infinity", "-Infinity"][..])
        .prop_map(|text| Literal::new(LiteralKind::Float, text));
    prop_oneof![3 => of_kind, 2 => ".{0,6}".prop_map(Literal::string), 1 => spelled].boxed()
}

fn unsigned_literal() -> Made<Literal> {
    literal()
        .prop_map(|literal| match literal.kind {
            LiteralKind::String => literal,
            kind => Literal::new(kind, literal.text.trim_start_matches('-')),
        })
        .boxed()
}

fn marker(named: bool) -> Made<BindMarker> {
    let name = if named {
        name().prop_map(Some).boxed()
    } else {
        Just(None).boxed()
    };
    name.prop_map(|name| BindMarker { index: 0, name }).boxed()
}

fn operator() -> Made<ArithmeticOperator> {
    use ArithmeticOperator::*;
    select(vec![Add, Subtract, Multiply, Divide, Remainder]).boxed()
}

fn binds_loosely(operator: ArithmeticOperator) -> bool {
    matches!(
        operator,
        ArithmeticOperator::Add | ArithmeticOperator::Subtract
    )
}

/// Any term.
fn term(named: bool) -> Made<Term> {
    let leaf = prop_oneof![
        4 => literal().prop_map(Term::Literal),
        1 => Just(Term::Null),
        2 => marker(named).prop_map(Term::Marker),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let items = vec(inner.clone(), 0..3);
        let entries = vec((inner.clone(), inner.clone()), 1..3);
        prop_oneof![
            items.clone().prop_map(Term::List),
            items.clone().prop_map(Term::Set),
            entries.prop_map(Term::Map),
            vec((name(), inner.clone()), 1..3).prop_map(Term::UserType),
            vec(inner.clone(), 1..3).prop_map(Term::Tuple),
            (qualified(), items).prop_map(|(name, arguments)| Term::Function { name, arguments }),
            (type_name(), boxed.clone()).prop_map(|(type_name, term)| hinted_term(type_name, term)),
            (boxed.clone(), select(&NativeType::ALL[..]))
                .prop_map(|(term, target)| Term::Cast { term, target }),
            boxed
                .clone()
                .prop_map(|term| Term::Negate(factor_term(term))),
            (boxed.clone(), operator(), boxed).prop_map(|(left, operator, right)| {
                let left = if binds_loosely(operator) {
                    left
                } else {
                    product_term(left)
                };
                let right = if binds_loosely(operator) {
                    addend_term(right)
                } else {
                    factor_term(right)
                };
                Term::Binary {
                    left,
                    operator,
                    right,
                }
            }),
        ]
    })
    .boxed()
}

fn parentheses(term: Box<Term>) -> Box<Term> {
    Box::new(Term::Tuple(vec![*term]))
}

/// A term without operators at its top, in parentheses when it has one.
fn factor_term(term: Box<Term>) -> Box<Term> {
    match *term {
        Term::Binary { .. } => parentheses(term),
        _ => term,
    }
}

/// What may stand to the right of a sum.
fn addend_term(term: Box<Term>) -> Box<Term> {
    match *term {
        Term::Binary { operator, .. } if binds_loosely(operator) => parentheses(term),
        _ => term,
    }
}

/// What may stand to the left of a product.
fn product_term(term: Box<Term>) -> Box<Term> {
    addend_term(term)
}

fn hinted_term(type_name: TypeName, term: Box<Term>) -> Term {
    let custom = matches!(type_name, TypeName::Custom(_));
    let term = match *term {
        Term::Binary { .. } | Term::Negate(_) => parentheses(term),
        // A string in parentheses, then a minus or a colon, is a tuple.
        Term::Literal(ref literal) if custom && literal.text.starts_with('-') => parentheses(term),
        Term::Marker(_) if custom => parentheses(term),
        _ => term,
    };
    Term::TypeHint { type_name, term }
}

/// Any selector.
fn selector(named: bool) -> Made<Selector> {
    let leaf = prop_oneof![
        5 => column().prop_map(Selector::Column),
        3 => literal().prop_map(Selector::Literal),
        1 => Just(Selector::Null),
        1 => Just(Selector::CountRows),
        1 => marker(named).prop_map(Selector::Marker),
        1 => (select(vec![CellMetadata::WriteTime, CellMetadata::MaxWriteTime, CellMetadata::Ttl]), column())
            .prop_map(|(kind, column)| {
                Selector::CellMetadata { kind, of: Box::new(Selector::Column(column)) }
            }),
    ];
    leaf.prop_recursive(3, 16, 3, move |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let items = vec(inner.clone(), 0..3);
        let base = boxed.clone().prop_map(part_base);
        let entries = vec((inner.clone(), inner.clone()), 1..3);
        prop_oneof![
            items.clone().prop_map(Selector::List),
            items.clone().prop_map(Selector::Set),
            entries.prop_map(Selector::MapOrUserType),
            vec(inner, 1..3).prop_map(Selector::Tuple),
            (qualified(), items)
                .prop_map(|(name, arguments)| Selector::Function { name, arguments }),
            (type_name(), boxed.clone())
                .prop_map(|(type_name, selector)| hinted_selector(type_name, selector)),
            (boxed.clone(), select(&NativeType::ALL[..]))
                .prop_map(|(selector, target)| Selector::Cast { selector, target }),
            (base.clone(), name()).prop_map(|(of, field)| Selector::Field { of, field }),
            (base.clone(), term(named)).prop_map(|(of, key)| Selector::Element { of, key }),
            (base.clone(), term(named), option::of(term(named))).prop_map(|(of, from, to)| {
                Selector::Slice {
                    of,
                    from: Some(from),
                    to,
                }
            }),
            (base, term(named)).prop_map(|(of, to)| Selector::Slice {
                of,
                from: None,
                to: Some(to)
            }),
            boxed
                .clone()
                .prop_map(|selector| Selector::Negate(factor(selector))),
            (boxed.clone(), operator(), boxed).prop_map(|(left, operator, right)| {
                let left = if binds_loosely(operator) {
                    left
                } else {
                    addend(left)
                };
                let right = if binds_loosely(operator) {
                    addend(right)
                } else {
                    factor(right)
                };
                Selector::Binary {
                    left,
                    operator,
                    right,
                }
            }),
        ]
    })
    .boxed()
}

fn in_parentheses(selector: Box<Selector>) -> Box<Selector> {
    Box::new(Selector::Tuple(vec![*selector]))
}

fn factor(selector: Box<Selector>) -> Box<Selector> {
    match *selector {
        Selector::Binary { .. } => in_parentheses(selector),
        _ => selector,
    }
}

fn addend(selector: Box<Selector>) -> Box<Selector> {
    match *selector {
        Selector::Binary { operator, .. } if binds_loosely(operator) => in_parentheses(selector),
        _ => selector,
    }
}

/// What may stand before a dot or bracket.
fn part_base(selector: Box<Selector>) -> Box<Selector> {
    match *selector {
        Selector::Binary { .. } | Selector::Negate(_) => in_parentheses(selector),
        _ => selector,
    }
}

/// A type hint, where one can be told from a column or a tuple in parentheses.
fn hinted_selector(type_name: TypeName, selector: Box<Selector>) -> Selector {
    let certain = !matches!(type_name, TypeName::User(_) | TypeName::Custom(_));
    let selector = match *selector {
        Selector::Binary { .. }
        | Selector::Negate(_)
        | Selector::Field { .. }
        | Selector::Element { .. }
        | Selector::Slice { .. } => in_parentheses(selector),
        Selector::Literal(ref literal) if !certain && literal.text.starts_with('-') => {
            in_parentheses(selector)
        }
        Selector::List(_) | Selector::Marker(_) if !certain => in_parentheses(selector),
        _ => selector,
    };
    Selector::TypeHint {
        type_name,
        selector,
    }
}

fn comparison() -> Made<Operator> {
    use Operator::*;
    select(vec![
        Equal,
        NotEqual,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
    ])
    .boxed()
}

fn in_values(named: bool, item: Made<Term>) -> Made<InValues> {
    prop_oneof![
        3 => vec(item, 0..3).prop_map(InValues::List),
        1 => marker(named).prop_map(InValues::Marker),
    ]
    .boxed()
}

fn tuple_or_marker(named: bool) -> Made<Term> {
    prop_oneof![
        vec(term(named), 1..3).prop_map(Term::Tuple),
        marker(named).prop_map(Term::Marker),
    ]
    .boxed()
}

fn relation(named: bool) -> Made<Relation> {
    use Operator::*;
    let any_operator =
        prop_oneof![6 => comparison(), 1 => select(vec![Like, Contains, ContainsKey])];
    let columns = vec(column(), 1..3);
    prop_oneof![
        4 => (column(), any_operator, term(named))
            .prop_map(|(column, operator, value)| Relation::Column { column, operator, value }),
        1 => (column(), in_values(named, term(named)))
            .prop_map(|(column, values)| Relation::In { column, values }),
        1 => column().prop_map(|column| Relation::IsNotNull { column }),
        1 => (column(), term(named), comparison(), term(named)).prop_map(
            |(column, key, operator, value)| Relation::Element { column, key, operator, value }
        ),
        1 => (columns.clone(), comparison(), tuple_or_marker(named))
            .prop_map(|(columns, operator, value)| Relation::Columns { columns, operator, value }),
        1 => (columns.clone(), in_values(named, tuple_or_marker(named)))
            .prop_map(|(columns, values)| Relation::ColumnsIn { columns, values }),
        1 => (columns, comparison(), term(named))
            .prop_map(|(columns, operator, value)| Relation::Token { columns, operator, value }),
        1 => (qualified(), term(named))
            .prop_map(|(index, value)| Relation::CustomIndex { index, value }),
    ]
    .boxed()
}

fn limit(named: bool) -> Made<Option<Term>> {
    let integer = any::<i32>()
        .prop_map(|value| Term::Literal(Literal::new(LiteralKind::Integer, value.to_string())));
    option::of(prop_oneof![integer, marker(named).prop_map(Term::Marker)]).boxed()
}

fn direction() -> Made<Direction> {
    select(vec![Direction::Ascending, Direction::Descending]).boxed()
}

fn select_statement(named: bool) -> Made<Select> {
    let item = (selector(named), option::of(name()))
        .prop_map(|(selector, alias)| SelectItem { selector, alias });
    let selection = prop_oneof![
        1 => Just(Selection::All),
        4 => vec(item, 1..4).prop_map(Selection::Items),
    ];
    let ordering = (column(), option::weighted(0.2, term(named)), direction()).prop_map(
        |(column, ann_of, direction)| Ordering {
            column,
            ann_of,
            direction,
        },
    );
    let clauses = (
        vec(relation(named), 0..3),
        vec(selector(named), 0..2),
        vec(ordering, 0..2),
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (
        flags,
        selection,
        qualified(),
        clauses,
        limit(named),
        limit(named),
    )
        .prop_map(
            |(flags, selection, table, clauses, per_partition_limit, limit)| {
                let (json, distinct, allow_filtering) = flags;
                let (where_clause, group_by, order_by) = clauses;
                Select {
                    json,
                    distinct,
                    selection,
                    table,
                    where_clause,
                    group_by,
                    order_by,
                    per_partition_limit,
                    limit,
                    allow_filtering,
                }
            },
        )
        .boxed()
}

fn using(named: bool) -> Made<Using> {
    (limit(named), limit(named))
        .prop_map(|(timestamp, ttl)| Using { timestamp, ttl })
        .boxed()
}

fn insert(named: bool) -> Made<Insert> {
    let values = (vec(column(), 1..4), vec(term(named), 1..4))
        .prop_map(|(columns, values)| InsertSource::Values { columns, values });
    let json = prop_oneof![
        ".{0,8}".prop_map(JsonValue::Text),
        marker(named).prop_map(JsonValue::Marker),
    ];
    let json = (json, any::<bool>()).prop_map(|(value, default_unset)| InsertSource::Json {
        value,
        default_unset,
    });
    (
        qualified(),
        prop_oneof![4 => values, 1 => json],
        any::<bool>(),
        using(named),
    )
        .prop_map(|(table, source, if_not_exists, using)| Insert {
            table,
            source,
            if_not_exists,
            using,
        })
        .boxed()
}

/// One assignment to `column`.
fn assignment(column: String, named: bool) -> Made<Assignment> {
    let value = term(named);
    (0..6, value.clone(), value, name())
        .prop_map(move |(form, key, value, field)| {
            let column = column.clone();
            match form {
                0 => Assignment::Set { column, value },
                1 => Assignment::Add { column, value },
                2 => Assignment::Subtract { column, value },
                3 => Assignment::Prepend { column, value },
                4 => Assignment::Element { column, key, value },
                _ => Assignment::Field {
                    column,
                    field,
                    value,
                },
            }
        })
        .boxed()
}

fn target(named: bool) -> Made<Target> {
    prop_oneof![
        column().prop_map(Target::Column),
        (column(), term(named)).prop_map(|(column, key)| Target::Element { column, key }),
        (column(), name()).prop_map(|(column, field)| Target::Field { column, field }),
    ]
    .boxed()
}

fn if_clause(named: bool) -> Made<Option<IfClause>> {
    let compare =
        (target(named), comparison(), term(named)).prop_map(|(target, operator, value)| {
            Condition {
                target,
                test: ConditionTest::Compare { operator, value },
            }
        });
    let contains = (column(), term(named)).prop_map(|(column, value)| Condition {
        target: Target::Column(column),
        test: ConditionTest::Compare {
            operator: Operator::ContainsKey,
            value,
        },
    });
    let among =
        (target(named), in_values(named, term(named))).prop_map(|(target, values)| Condition {
            target,
            test: ConditionTest::In(values),
        });
    let condition = prop_oneof![3 => compare, 1 => contains, 1 => among];
    option::of(prop_oneof![
        1 => Just(IfClause::Exists),
        3 => vec(condition, 1..3).prop_map(IfClause::Conditions),
    ])
    .boxed()
}

fn update(named: bool) -> Made<Update> {
    // One column each: assignments to one column can contradict each other.
    let assignments =
        proptest::collection::btree_set(column(), 1..4).prop_flat_map(move |columns| {
            columns
                .into_iter()
                .map(|column| assignment(column, named))
                .collect::<Vec<_>>()
        });
    (
        qualified(),
        using(named),
        assignments,
        vec(relation(named), 1..3),
        if_clause(named),
    )
        .prop_map(
            |(table, using, assignments, where_clause, condition)| Update {
                table,
                using,
                assignments,
                where_clause,
                condition,
            },
        )
        .boxed()
}

fn delete(named: bool) -> Made<Delete> {
    (
        vec(target(named), 0..3),
        qualified(),
        limit(named),
        vec(relation(named), 1..3),
        if_clause(named),
    )
        .prop_map(|(targets, table, timestamp, where_clause, condition)| {
            let using = Using {
                timestamp,
                ttl: None,
            };
            Delete {
                targets,
                table,
                using,
                where_clause,
                condition,
            }
        })
        .boxed()
}

fn batch(named: bool) -> Made<Batch> {
    let statement = prop_oneof![
        insert(named).prop_map(|node| Modification::Insert(Box::new(node))),
        update(named).prop_map(|node| Modification::Update(Box::new(node))),
        delete(named).prop_map(|node| Modification::Delete(Box::new(node))),
    ];
    let kind = select(vec![
        BatchKind::Logged,
        BatchKind::Unlogged,
        BatchKind::Counter,
    ]);
    (kind, using(named), vec(statement, 0..3))
        .prop_map(|(kind, using, statements)| Batch {
            kind,
            using,
            statements,
        })
        .boxed()
}

/// Properties, no name twice and none that is an id.
fn properties(minimum: usize) -> Made<Properties> {
    let value = prop_oneof![
        literal().prop_map(PropertyValue::Literal),
        proptest::collection::btree_map(".{0,5}", literal(), 0..3).prop_map(|map| {
            let entries = map
                .into_iter()
                .map(|(key, value)| (Literal::string(key), value));
            PropertyValue::Map(entries.collect())
        }),
    ];
    let name = name().prop_filter("an id is an option of its own", |name| name != "id");
    proptest::collection::btree_map(name, value, minimum..4)
        .prop_map(|map| map.into_iter().collect())
        .boxed()
}

fn column_definition() -> Made<ColumnDefinition> {
    let mask = prop_oneof![
        Just(ColumnMask::Default),
        (
            qualified(),
            vec(unsigned_literal().prop_map(Term::Literal), 0..2)
        )
            .prop_map(|(name, arguments)| ColumnMask::Function { name, arguments }),
    ];
    (
        name(),
        type_name(),
        any::<bool>(),
        option::weighted(0.2, mask),
    )
        .prop_map(|(name, type_name, is_static, mask)| ColumnDefinition {
            name,
            type_name,
            is_static,
            mask,
        })
        .boxed()
}

fn create_table() -> Made<CreateTable> {
    let key =
        (vec(name(), 1..3), vec(name(), 0..3)).prop_map(|(partition_key, clustering)| PrimaryKey {
            partition_key,
            clustering,
        });
    let options = (
        vec((name(), direction()), 0..3),
        any::<bool>(),
        option::of(any::<u128>().prop_map(uuid::Uuid::from_u128)),
        properties(0),
    )
        .prop_map(
            |(clustering_order, compact_storage, id, properties)| TableOptions {
                clustering_order,
                compact_storage,
                id,
                properties,
            },
        );
    (
        qualified(),
        any::<bool>(),
        vec(column_definition(), 1..4),
        vec(key, 0..3),
        options,
    )
        .prop_map(
            |(name, if_not_exists, columns, primary_keys, options)| CreateTable {
                name,
                if_not_exists,
                columns,
                primary_keys,
                options,
            },
        )
        .boxed()
}

fn renames() -> Made<Vec<(String, String)>> {
    vec((name(), name()), 1..3).boxed()
}

fn alter_table() -> Made<AlterTable> {
    let operation = prop_oneof![
        (column(), type_name()).prop_map(|(column, type_name)| {
            AlterTableOperation::AlterType { column, type_name }
        }),
        (any::<bool>(), column()).prop_map(|(if_exists, column)| {
            AlterTableOperation::AlterMask {
                if_exists,
                column,
                mask: None,
            }
        }),
        (any::<bool>(), vec(column_definition(), 1..3)).prop_map(|(if_not_exists, columns)| {
            AlterTableOperation::Add {
                if_not_exists,
                columns,
            }
        }),
        (any::<bool>(), vec(name(), 1..3), option::of(any::<i64>())).prop_map(
            |(if_exists, columns, timestamp)| AlterTableOperation::Drop {
                if_exists,
                columns,
                timestamp
            }
        ),
        (any::<bool>(), renames())
            .prop_map(|(if_exists, renames)| AlterTableOperation::Rename { if_exists, renames }),
        Just(AlterTableOperation::DropCompactStorage),
        properties(1).prop_map(AlterTableOperation::With),
    ];
    (qualified(), any::<bool>(), operation)
        .prop_map(|(name, if_exists, operation)| AlterTable {
            name,
            if_exists,
            operation,
        })
        .boxed()
}

fn create_index() -> Made<CreateIndex> {
    use IndexTargetKind::*;
    let target = (select(vec![Simple, Values, Keys, Entries, Full]), column())
        .prop_map(|(kind, column)| IndexTarget { kind, column });
    let flags = (any::<bool>(), any::<bool>());
    (
        flags,
        option::of(name()),
        qualified(),
        vec(target, 0..3),
        option::of(".{0,6}"),
        properties(0),
    )
        .prop_map(
            |((custom, if_not_exists), name, table, targets, class, properties)| CreateIndex {
                custom,
                if_not_exists,
                name,
                table,
                targets,
                class,
                properties,
            },
        )
        .boxed()
}

fn create_type() -> Made<CreateType> {
    (user_type(), any::<bool>(), vec((name(), type_name()), 1..4))
        .prop_map(|(name, if_not_exists, fields)| CreateType {
            name,
            if_not_exists,
            fields,
        })
        .boxed()
}

fn create_keyspace() -> Made<CreateKeyspace> {
    (name(), any::<bool>(), properties(1))
        .prop_map(|(name, if_not_exists, properties)| CreateKeyspace {
            name,
            if_not_exists,
            properties,
        })
        .boxed()
}
