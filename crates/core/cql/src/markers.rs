//! Finds the bind markers of a statement.

use crate::ast::Assignment;
use crate::ast::Batch;
use crate::ast::BindMarker;
use crate::ast::ConditionTest;
use crate::ast::Delete;
use crate::ast::IfClause;
use crate::ast::InValues;
use crate::ast::Insert;
use crate::ast::InsertSource;
use crate::ast::JsonValue;
use crate::ast::Modification;
use crate::ast::Relation;
use crate::ast::Select;
use crate::ast::Selection;
use crate::ast::Selector;
use crate::ast::Statement;
use crate::ast::Target;
use crate::ast::Term;
use crate::ast::Update;
use crate::ast::Using;

impl Statement {
    /// Its bind markers, by number: the n-th has index n.
    ///
    /// Only the statements that read and write data have any.
    pub fn bind_markers(&self) -> Vec<BindMarker> {
        let mut found = Found(Vec::new());
        found.statement(self);
        found.0.sort_by_key(|marker| marker.index);
        found.0
    }
}

impl Modification {
    /// Its bind markers, by number; in a batch the first need not be 0.
    pub fn bind_markers(&self) -> Vec<BindMarker> {
        let mut found = Found(Vec::new());
        found.modification(self);
        found.0.sort_by_key(|marker| marker.index);
        found.0
    }
}

struct Found(Vec<BindMarker>);

impl Found {
    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Select(select) => self.select(select),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Batch(batch) => self.batch(batch),
            Statement::ExplainConsistency(explained) => self.statement(explained),
            // The parser refuses markers in everything else.
            _ => {}
        }
    }

    fn select(&mut self, select: &Select) {
        match &select.selection {
            Selection::All => {}
            Selection::Items(items) => {
                for item in items {
                    self.selector(&item.selector);
                }
            }
        }
        self.relations(&select.where_clause);
        self.selectors(&select.group_by);
        for ordering in &select.order_by {
            self.terms(&ordering.ann_of);
        }
        self.terms(&select.per_partition_limit);
        self.terms(&select.limit);
    }

    fn insert(&mut self, insert: &Insert) {
        match &insert.source {
            InsertSource::Values { values, .. } => self.terms(values),
            InsertSource::Json {
                value: JsonValue::Marker(marker),
                ..
            } => self.marker(marker),
            InsertSource::Json {
                value: JsonValue::Text(_),
                ..
            } => {}
        }
        self.using(&insert.using);
    }

    fn update(&mut self, update: &Update) {
        self.using(&update.using);
        for assignment in &update.assignments {
            match assignment {
                Assignment::Element { key, value, .. } => self.terms([key, value]),
                Assignment::Set { value, .. }
                | Assignment::Add { value, .. }
                | Assignment::Subtract { value, .. }
                | Assignment::Prepend { value, .. }
                | Assignment::Field { value, .. } => self.term(value),
            }
        }
        self.relations(&update.where_clause);
        self.condition(update.condition.as_ref());
    }

    fn delete(&mut self, delete: &Delete) {
        for target in &delete.targets {
            self.target(target);
        }
        self.using(&delete.using);
        self.relations(&delete.where_clause);
        self.condition(delete.condition.as_ref());
    }

    fn batch(&mut self, batch: &Batch) {
        self.using(&batch.using);
        for statement in &batch.statements {
            self.modification(statement);
        }
    }

    fn modification(&mut self, modification: &Modification) {
        match modification {
            Modification::Insert(insert) => self.insert(insert),
            Modification::Update(update) => self.update(update),
            Modification::Delete(delete) => self.delete(delete),
        }
    }

    fn using(&mut self, using: &Using) {
        self.terms(&using.timestamp);
        self.terms(&using.ttl);
    }

    fn condition(&mut self, condition: Option<&IfClause>) {
        let Some(IfClause::Conditions(conditions)) = condition else {
            return;
        };
        for condition in conditions {
            self.target(&condition.target);
            match &condition.test {
                ConditionTest::Compare { value, .. } => self.term(value),
                ConditionTest::In(values) => self.in_values(values),
            }
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Column(_) | Target::Field { .. } => {}
            Target::Element { key, .. } => self.term(key),
        }
    }

    fn relations(&mut self, relations: &[Relation]) {
        for relation in relations {
            match relation {
                Relation::IsNotNull { .. } => {}
                Relation::In { values, .. } | Relation::ColumnsIn { values, .. } => {
                    self.in_values(values);
                }
                Relation::Element { key, value, .. } => self.terms([key, value]),
                Relation::Column { value, .. }
                | Relation::Columns { value, .. }
                | Relation::Token { value, .. }
                | Relation::CustomIndex { value, .. } => self.term(value),
            }
        }
    }

    fn in_values(&mut self, values: &InValues) {
        match values {
            InValues::List(terms) => self.terms(terms),
            InValues::Marker(marker) => self.marker(marker),
        }
    }

    fn terms<'a>(&mut self, terms: impl IntoIterator<Item = &'a Term>) {
        for term in terms {
            self.term(term);
        }
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Literal(_) | Term::Null => {}
            Term::Marker(marker) => self.marker(marker),
            Term::List(items) | Term::Set(items) | Term::Tuple(items) => self.terms(items),
            Term::Function { arguments, .. } => self.terms(arguments),
            Term::Map(entries) => {
                for (key, value) in entries {
                    self.terms([key, value]);
                }
            }
            Term::UserType(fields) => self.terms(fields.iter().map(|(_, value)| value)),
            Term::TypeHint { term, .. } | Term::Cast { term, .. } | Term::Negate(term) => {
                self.term(term);
            }
            Term::Binary { left, right, .. } => self.terms([left.as_ref(), right.as_ref()]),
        }
    }

    fn selectors(&mut self, selectors: &[Selector]) {
        for selector in selectors {
            self.selector(selector);
        }
    }

    fn selector(&mut self, selector: &Selector) {
        match selector {
            Selector::Column(_) | Selector::Literal(_) | Selector::Null | Selector::CountRows => {}
            Selector::Marker(marker) => self.marker(marker),
            Selector::List(items) | Selector::Set(items) | Selector::Tuple(items) => {
                self.selectors(items);
            }
            Selector::Function { arguments, .. } => {
                self.selectors(arguments);
            }
            Selector::MapOrUserType(entries) => {
                for (key, value) in entries {
                    self.selector(key);
                    self.selector(value);
                }
            }
            Selector::CellMetadata { of, .. } | Selector::Field { of, .. } => self.selector(of),
            Selector::Element { of, key } => {
                self.selector(of);
                self.term(key);
            }
            Selector::Slice { of, from, to } => {
                self.selector(of);
                self.terms(from);
                self.terms(to);
            }
            Selector::Cast { selector, .. }
            | Selector::TypeHint { selector, .. }
            | Selector::Negate(selector) => self.selector(selector),
            Selector::Binary { left, right, .. } => {
                self.selector(left);
                self.selector(right);
            }
        }
    }

    fn marker(&mut self, marker: &BindMarker) {
        self.0.push(marker.clone());
    }
}
