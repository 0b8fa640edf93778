//! One proposer with three acceptors, told things one after the other.

use crate::tests::ballot;
use crate::tests::host;
use crate::*;
use bytes::Bytes;
use quorate_types::Epoch;
use quorate_types::HostId;
use std::collections::BTreeSet;

fn acceptor(name: &str) -> HostId {
    host(u64::from(name.as_bytes()[0]))
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Plays words to a proposer of `mine` under ballot 5 with acceptors a, b and c:
/// `a+` a promises, `a+3=x` and reports x accepted under 3, `a-7` rejects the prepare for 7;
/// `a!` accepts, `a?7` rejects the propose for 7, `a?7,6` and has accepted something under 6;
/// `=x` the slot is decided, `timeout`, `ask` what is being asked.
fn play(script: &str) -> String {
    let acceptors = BTreeSet::from(["a", "b", "c"].map(acceptor));
    let mut proposer = Proposer::new(Epoch(1), ballot(5), acceptors, bytes("mine"));
    assert!(matches!(proposer.start(), Action::SendPrepare { .. }));
    let mut out = Vec::new();
    for word in script.split_whitespace() {
        let action = match word {
            "timeout" => proposer.on_timeout(),
            "start" => proposer.start(),
            "ask" => {
                out.push(match proposer.request() {
                    None => "nothing".to_owned(),
                    Some(Request::Prepare { .. }) => "prepare?".to_owned(),
                    Some(Request::Propose { value, .. }) => format!("propose?({})", text(&value)),
                    Some(other) => panic!("{other:?}"),
                });
                continue;
            }
            _ => step(&mut proposer, word),
        };
        match show(action) {
            shown if shown.is_empty() => {}
            shown => out.push(shown),
        }
    }
    out.join(" ")
}

fn step(proposer: &mut Proposer, word: &str) -> Action {
    let number = |text: &str| ballot(text.parse().unwrap());
    if let Some(value) = word.strip_prefix('=') {
        return proposer.on_decided(bytes(value));
    }
    let (name, rest) = word.split_at(1);
    let (kind, rest) = rest.split_at(1);
    let from = acceptor(name);
    match kind {
        "+" => {
            let accepted = rest.split_once('=');
            let accepted = accepted.map(|(under, value)| (number(under), bytes(value)));
            proposer.on_prepare_reply(from, PrepareReply::Promise { accepted })
        }
        "-" => {
            let promised = number(rest);
            proposer.on_prepare_reply(from, PrepareReply::Reject { promised })
        }
        "!" => proposer.on_propose_reply(from, ProposeReply::Accept),
        "?" => {
            let (promised, accepted) = rest.split_once(',').unwrap_or((rest, "0"));
            let (promised, accepted) = (number(promised), number(accepted));
            proposer.on_propose_reply(from, ProposeReply::Reject { promised, accepted })
        }
        other => panic!("{other}"),
    }
}

fn text(value: &Bytes) -> String {
    String::from_utf8(value.to_vec()).unwrap()
}

fn show(action: Action) -> String {
    match action {
        Action::Wait => String::new(),
        Action::SendPrepare { to, .. } => format!("prepare({})", to.len()),
        Action::SendPropose { to, value, .. } => format!("propose({},{})", to.len(), text(&value)),
        Action::Chosen { value, mine: true } => format!("chosen({},mine)", text(&value)),
        Action::Chosen { value, mine: false } => format!("chosen({})", text(&value)),
        Action::Preempted { by } => format!("preempted({})", by.micros),
        Action::Unanswered { received, required } => format!("unanswered({received}/{required})"),
        Action::Uncertain => "uncertain".to_owned(),
    }
}

#[test]
fn two_of_three_decide() {
    assert_eq!(
        play("a+ b+ c+ a! b! c!"),
        "propose(3,mine) chosen(mine,mine)",
        "Q3, Q5"
    );
}

#[test]
fn a_repeated_reply_is_not_a_second_acceptor() {
    assert_eq!(play("a+ a+"), "", "Q2");
    assert_eq!(play("a+ b+ a! a!"), "propose(3,mine)", "Q2, Q3");
}

#[test]
fn a_stranger_does_not_count() {
    assert_eq!(play("a+ d+"), "", "Q2");
    assert_eq!(play("a+ b+ a! d! d?9"), "propose(3,mine)", "Q2");
    assert_eq!(play("d-9 a+ b+"), "propose(3,mine)", "Q2");
}

#[test]
fn the_value_accepted_last_is_proposed_instead_of_its_own() {
    assert_eq!(play("a+1=x b+3=y a! b!"), "propose(3,y) chosen(y)", "Q1");
    assert_eq!(play("a+3=y b+1=x"), "propose(3,y)", "Q1");
    assert_eq!(play("a+ b+1=x"), "propose(3,x)", "Q1");
    assert_eq!(
        play("a+ b+1=mine a! c!"),
        "propose(3,mine) chosen(mine,mine)",
        "its own from an earlier try"
    );
}

#[test]
fn a_promise_that_no_acceptor_gives_is_not_counted() {
    assert_eq!(play("a+ b+5=x c+6=y"), "", "Q1");
}

#[test]
fn a_larger_promise_ends_the_try_before_anything_is_proposed() {
    assert_eq!(play("a+ b-7 c+"), "preempted(7)", "Q4, Q5");
}

#[test]
fn the_reject_of_a_repeated_prepare_is_no_larger_promise() {
    assert_eq!(play("a-5 a+ b+"), "propose(3,mine)");
}

#[test]
fn too_few_promises_in_time_mean_that_nothing_happened() {
    assert_eq!(play("timeout"), "unanswered(0/2)", "Q4");
    assert_eq!(play("a+ timeout b+"), "unanswered(1/2)", "Q4, Q5");
}

#[test]
fn rejected_by_all_means_that_nothing_happened() {
    assert_eq!(
        play("a+ b+ a?7 b?8 c?7"),
        "propose(3,mine) preempted(8)",
        "Q4"
    );
}

#[test]
fn rejected_by_most_is_not_yet_rejected_by_all() {
    assert_eq!(
        play("a+ b+ a?7 b?8 timeout"),
        "propose(3,mine) uncertain",
        "Q4"
    );
    assert_eq!(play("a+ b+ a?7 b?8 c!"), "propose(3,mine) uncertain", "Q4");
}

#[test]
fn one_accept_without_a_majority_is_uncertain() {
    assert_eq!(play("a+ b+ a! b?7 c?7"), "propose(3,mine) uncertain", "Q4");
    assert_eq!(play("a+ b+ a! timeout"), "propose(3,mine) uncertain", "Q4");
    assert_eq!(play("a+ b+ timeout"), "propose(3,mine) uncertain", "Q4");
}

#[test]
fn one_reject_does_not_stop_a_majority() {
    assert_eq!(play("a+ b+ a?7 b! c!"), "propose(3,mine) chosen(mine,mine)");
}

#[test]
fn an_acceptor_that_has_accepted_something_later_may_have_accepted_this_before() {
    assert_eq!(
        play("a+ b+ a?7,6 b?7 c?7"),
        "propose(3,mine) uncertain",
        "Q4"
    );
    assert_eq!(
        play("a+ b+ a?7,4 b?7 c?7"),
        "propose(3,mine) preempted(7)",
        "something before"
    );
}

#[test]
fn an_accept_outweighs_the_reject_of_its_repetition() {
    assert_eq!(
        play("a+ b+ a?7,5 a! b!"),
        "propose(3,mine) chosen(mine,mine)"
    );
    assert_eq!(
        play("a+ b+ a! a?7,6 b!"),
        "propose(3,mine) chosen(mine,mine)"
    );
}

#[test]
fn a_decided_slot_ends_the_try() {
    assert_eq!(play("a+ =x b+"), "chosen(x)", "Q3, Q5");
    assert_eq!(play("a+ b+ =mine a!"), "propose(3,mine) chosen(mine,mine)");
    assert_eq!(play("timeout =x"), "unanswered(0/2)", "Q5");
}

#[test]
fn a_peer_can_be_asked_again_what_is_being_asked() {
    assert_eq!(
        play("ask a+ b+1=x ask a! b! ask start"),
        "prepare? propose(3,x) propose?(x) chosen(x) nothing"
    );
}

#[test]
fn without_acceptors_nothing_is_ever_chosen() {
    let mut proposer = Proposer::new(Epoch(1), ballot(5), BTreeSet::new(), bytes("mine"));
    assert_eq!(proposer.request(), None);
    proposer.start();
    assert_eq!(
        proposer.on_prepare_reply(acceptor("a"), PrepareReply::Promise { accepted: None }),
        Action::Wait
    );
    let required = 1;
    let received = 0;
    assert_eq!(
        proposer.on_timeout(),
        Action::Unanswered { received, required }
    );
}

#[test]
fn four_acceptors_need_three() {
    let acceptors = BTreeSet::from(["a", "b", "c", "d"].map(acceptor));
    let mut proposer = Proposer::new(Epoch(1), ballot(5), acceptors, bytes("mine"));
    proposer.start();
    let accepted = None;
    let promise = || PrepareReply::Promise {
        accepted: accepted.clone(),
    };
    assert_eq!(
        proposer.on_prepare_reply(acceptor("a"), promise()),
        Action::Wait
    );
    assert_eq!(
        proposer.on_prepare_reply(acceptor("b"), promise()),
        Action::Wait
    );
    let action = proposer.on_prepare_reply(acceptor("c"), promise());
    assert!(matches!(action, Action::SendPropose { .. }));
}

#[test]
fn a_reply_to_another_slot_or_ballot_is_ignored() {
    let acceptors = BTreeSet::from(["a", "b", "c"].map(acceptor));
    let mut proposer = Proposer::new(Epoch(1), ballot(5), acceptors, bytes("mine"));
    proposer.start();
    for (slot, number) in [(2, 5), (1, 4), (1, 5)] {
        for name in ["a", "b"] {
            let reply = Reply::Prepared {
                slot: Epoch(slot),
                ballot: ballot(number),
                reply: PrepareReply::Promise { accepted: None },
            };
            let action = proposer.on_reply(acceptor(name), reply);
            let right = (slot, number, name) == (1, 5, "b");
            assert_eq!(action != Action::Wait, right, "{slot} {number} {name}");
        }
    }
    let value = bytes("x");
    let slot = Epoch(2);
    let decided = Reply::Decided { slot, value };
    assert_eq!(proposer.on_reply(acceptor("a"), decided), Action::Wait);
    let next = Epoch(1);
    let behind = Reply::Behind { next };
    assert_eq!(proposer.on_reply(acceptor("a"), behind), Action::Wait);
}

#[test]
fn the_largest_ballot_seen_is_what_a_next_try_must_exceed() {
    let acceptors = BTreeSet::from(["a", "b", "c"].map(acceptor));
    let mut proposer = Proposer::new(Epoch(1), ballot(5), acceptors, bytes("mine"));
    assert_eq!(proposer.ballot_max(), ballot(5));
    proposer.start();
    let promised = ballot(7);
    proposer.on_prepare_reply(acceptor("a"), PrepareReply::Reject { promised });
    assert_eq!(proposer.ballot_max(), ballot(7));
}
