//! Calls: aggregates, and the one signature of a native function that the arguments mean.

use super::Compiler;
use super::Fit;
use super::Receiver;
use crate::aggregate::AggregateKind;
use crate::aggregate::AggregateSpec;
use crate::error::invalid;
use crate::error::unsupported;
use crate::expr::Expr;
use crate::expr::Typed;
use crate::function::Signature;
use crate::function::signatures;
use crate::node::Node;
use quorate_cql::ast::QualifiedName;
use quorate_data::CqlType;
use quorate_types::RequestError;

impl Compiler<'_> {
    pub(super) fn count_rows(&mut self) -> Result<Typed, RequestError> {
        self.aggregate(AggregateKind::CountRows, None, CqlType::Bigint)
    }

    pub(super) fn call(
        &mut self,
        name: &QualifiedName,
        arguments: &[Node<'_>],
        receiver: Option<Receiver<'_>>,
    ) -> Result<Typed, RequestError> {
        if let Some(keyspace) = &name.keyspace
            && keyspace != "system"
        {
            return Err(unsupported(
                "function",
                format_args!("{keyspace}.{}", name.name),
            ));
        }
        if let Some(kind) = AggregateKind::from_name(&name.name) {
            return self.aggregate_call(kind, &name.name, arguments);
        }
        let known = signatures(&name.name, self.table)?;
        if known.is_empty() {
            return Err(invalid(if self.selection.is_some() {
                format!("Unknown function '{}'", name.name)
            } else {
                format!("Unknown function {} called", name.name)
            }));
        }
        let signature = self.resolve(&name.name, &known, arguments, receiver)?;
        let mut compiled = Vec::with_capacity(arguments.len());
        for (index, (argument, cql_type)) in arguments.iter().zip(&signature.arguments).enumerate()
        {
            let parameter = format!("arg{index}(system.{})", name.name);
            let receiver = Receiver {
                name: &parameter,
                cql_type: *cql_type,
            };
            compiled.push(self.receive(argument, receiver)?);
        }
        Ok(Typed {
            expr: Expr::Call {
                function: signature.function,
                name: name.name.clone(),
                arguments: compiled,
            },
            cql_type: signature.returns,
        })
    }

    fn resolve<'s>(
        &mut self,
        name: &str,
        known: &'s [Signature],
        arguments: &[Node<'_>],
        receiver: Option<Receiver<'_>>,
    ) -> Result<&'s Signature, RequestError> {
        if let [only] = known {
            return self.check_only(name, only, arguments).map(|()| only);
        }
        let mut suitable: Vec<(&Signature, Fit)> = Vec::new();
        for signature in known {
            if signature.arguments.len() != arguments.len() {
                continue;
            }
            let mut worst = Fit::Exact;
            for (argument, wanted) in arguments.iter().zip(&signature.arguments) {
                worst = worst.min(self.fit(argument, *wanted));
            }
            if worst != Fit::No {
                suitable.push((signature, worst));
            }
        }
        let exact = suitable.iter().find(|(_, fit)| *fit == Fit::Exact);
        let by_receiver = || {
            let wanted = receiver?.cql_type;
            let mut matching = suitable.iter().filter(|(s, _)| s.returns == wanted);
            matching.next().filter(|_| matching.next().is_none())
        };
        let shown = |list: &[&Signature]| {
            let list: Vec<String> = list.iter().map(|s| s.shown(name)).collect();
            list.join(", ")
        };
        match (suitable.as_slice(), exact.or_else(by_receiver)) {
            (_, Some((signature, _))) | ([(signature, _)], None) => Ok(signature),
            ([], None) => Err(invalid(format!(
                "Invalid call to function {name}, none of its type signatures match (known type signatures: {})",
                shown(&known.iter().collect::<Vec<_>>())
            ))),
            (several, None) => Err(invalid(format!(
                "Ambiguous call to function {name} (can be matched by following signatures: {}): use type casts to disambiguate",
                shown(&several.iter().map(|(s, _)| *s).collect::<Vec<_>>())
            ))),
        }
    }

    fn check_only(
        &mut self,
        name: &str,
        only: &Signature,
        arguments: &[Node<'_>],
    ) -> Result<(), RequestError> {
        if only.arguments.len() != arguments.len() {
            return Err(invalid(format!(
                "Invalid number of arguments in call to function {name}: {} required but {} provided",
                only.arguments.len(),
                arguments.len()
            )));
        }
        for (index, (argument, wanted)) in arguments.iter().zip(&only.arguments).enumerate() {
            if self.fit(argument, *wanted) == Fit::No {
                return Err(invalid(format!(
                    "Type error: {} cannot be passed as argument {index} of function system.{name} of type {wanted}",
                    argument.name()
                )));
            }
        }
        Ok(())
    }

    fn aggregate_call(
        &mut self,
        kind: AggregateKind,
        name: &str,
        arguments: &[Node<'_>],
    ) -> Result<Typed, RequestError> {
        let [argument] = arguments else {
            return Err(invalid(format!(
                "Invalid number of arguments in call to function {name}: 1 required but {} provided",
                arguments.len()
            )));
        };
        if self.selection.is_none() {
            return Err(invalid(
                "Aggregation function are not supported in the where clause",
            ));
        }
        if kind == AggregateKind::Count
            && let Node::Literal(_) = argument.ungrouped()
        {
            // A constant is never null: every row counts.
            return self.count_rows();
        }
        if self.inside_aggregate {
            return Err(nested());
        }
        self.inside_aggregate = true;
        let argument = self.typed(argument, None);
        self.inside_aggregate = false;
        let argument = argument?;
        let of_type = argument.cql_type;
        let returns = match kind {
            AggregateKind::Count | AggregateKind::CountRows => CqlType::Bigint,
            AggregateKind::Min | AggregateKind::Max => of_type,
            AggregateKind::Sum | AggregateKind::Average if of_type.is_numeric() => of_type,
            AggregateKind::Sum | AggregateKind::Average => {
                return Err(invalid(format!(
                    "Invalid call to function {name}, none of its type signatures match (known type signatures: {})",
                    numeric_signatures(name)
                )));
            }
        };
        self.aggregate(kind, Some(argument), returns)
    }

    fn aggregate(
        &mut self,
        kind: AggregateKind,
        argument: Option<Typed>,
        cql_type: CqlType,
    ) -> Result<Typed, RequestError> {
        if self.inside_aggregate {
            return Err(nested());
        }
        let Some(selected) = &mut self.selection else {
            return Err(invalid(
                "Aggregation function are not supported in the where clause",
            ));
        };
        selected.aggregates.push(AggregateSpec { kind, argument });
        Ok(Typed {
            expr: Expr::Aggregate(selected.aggregates.len() - 1),
            cql_type,
        })
    }
}

fn nested() -> RequestError {
    invalid("aggregate functions cannot be used as arguments of aggregate functions")
}

fn numeric_signatures(name: &str) -> String {
    let list: Vec<String> = CqlType::EVERY
        .into_iter()
        .filter(|cql_type| cql_type.is_numeric())
        .map(|cql_type| format!("system.{name} : ({cql_type}) -> {cql_type}"))
        .collect();
    list.join(", ")
}
