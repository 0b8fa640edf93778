//! One connection, from the first byte to the last.
//!
//! ```text
//!   socket ─▶ incoming ─▶ frames ─▶ requests in progress ─▶ outgoing ─▶ socket
//!                            └─▶ OPTIONS, STARTUP, REGISTER: answered at once
//! ```
//!
//! # Invariants
//!
//! * **N1** Every request that was read is answered, unless the client has gone or the node dies.
//! * **N2** Answers come in any order; each carries the stream id of its request.
//! * **N3** A connection that owes too much is not read, and what was read of it rests: a client
//!   that takes no answers holds a few MiB, however much it asked for.

use crate::budget::Budget;
use crate::budget::Taken;
use crate::convert;
use crate::convert::Answer;
use crate::convert::Work;
use crate::incoming::Incoming;
use crate::incoming::Received;
use crate::login::AUTHENTICATOR;
use crate::outgoing::Outgoing;
use crate::receipt;
use crate::server::Shared;
use crate::session::Session;
use bytes::Bytes;
use bytes::BytesMut;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use quorate_frame::Compression;
use quorate_frame::Event;
use quorate_frame::EventKind;
use quorate_frame::HEADER_BYTES;
use quorate_frame::Header;
use quorate_frame::ProtocolViolation;
use quorate_frame::Request;
use quorate_frame::RequestFrame;
use quorate_frame::Response;
use quorate_frame::ResponseFrame;
use quorate_frame::Version;
use quorate_frame::decode_request;
use quorate_frame::segment::SegmentReader;
use quorate_request::Frontend;
use quorate_types::RequestError;
use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::sync::broadcast;
use tokio::time::Instant;

/// Requests of one connection that are worked on at once.
const IN_FLIGHT_MAX: usize = 2_048;
/// Bytes that may wait to be sent before no more requests are read.
const UNSENT_BYTES_MAX: usize = 4 << 20;
/// A connection that has no quiet moment for so long after the stop is not read any more.
const GRACE: Duration = Duration::from_secs(1);

/// How far the handshake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Expects STARTUP or OPTIONS.
    Starting,
    /// Expects AUTH_RESPONSE or OPTIONS.
    Authenticating,
    /// Waits until name and password are checked.
    LoggingIn,
    /// Takes requests.
    Ready,
    /// Sends what it owes, then ends.
    Closing,
}

/// Carries a connection to its end.
pub(crate) async fn run<F: Frontend>(
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    session: Session,
    shared: &Arc<Shared<F>>,
) -> io::Result<()> {
    let mut connection = Connection::new(Arc::new(session), Arc::clone(shared));
    let known: Weak<Session> = Arc::downgrade(&connection.session);
    shared.frontend.note_connection(known);
    let mut events = shared.events.subscribe();
    let mut stops = shared.stops.clone();
    let mut stops_later = stops.clone();
    let mut ending = pin!(async {
        // An error means that the listener has gone altogether.
        let _ = stops.wait_for(|stops| *stops).await;
    });
    let mut cutting = pin!(async {
        let _ = stops_later.wait_for(|stops| *stops).await;
        tokio::time::sleep(GRACE).await;
    });
    let mut working = FuturesUnordered::new();
    let handshake = tokio::time::sleep(shared.config.handshake_timeout);
    let mut silence = pin!(handshake);
    let mut is_unsent = false;
    let outcome: io::Result<()> = async {
        loop {
            connection.outgoing.seal();
            let owes = is_unsent || !connection.outgoing.ready.is_empty();
            let is_over = connection.phase == Phase::Closing && working.is_empty();
            if is_over && !owes {
                break;
            }
            connection.incoming.make_room();
            tokio::select! {
                sent = send(&mut writer, &mut connection.outgoing.ready, &mut is_unsent), if owes => {
                    if sent? == 0 {
                        break;
                    }
                }
                // What nobody takes is not made.
                Some(answer) = working.next(), if !working.is_empty() && connection.may_answer() => {
                    connection.outgoing.push(&answer);
                    while connection.may_answer()
                        && let Some(Some(answer)) = working.next().now_or_never()
                    {
                        connection.outgoing.push(&answer);
                    }
                    if connection.phase == Phase::LoggingIn {
                        connection.finish_login();
                        connection.postpone_silence(&mut silence);
                    }
                }
                received = reader.read_buf(&mut connection.incoming.received),
                    if connection.may_read(working.len()) =>
                {
                    if received? == 0 {
                        break;
                    }
                    connection.incoming.note_received();
                    while let Some(request) = connection.take_next() {
                        working.push(request);
                    }
                    connection.postpone_silence(&mut silence);
                }
                event = events.recv(), if connection.phase == Phase::Ready => connection.tell(event),
                () = &mut silence, if connection.phase != Phase::Closing && working.is_empty() => break,
                () = &mut ending, if working.is_empty() && !owes => break,
                () = &mut cutting, if connection.phase != Phase::Closing => {
                    connection.phase = Phase::Closing;
                }
            }
        }
        writer.shutdown().await
    }
    .await;
    // Whoever has gone: what was begun is carried through, so that late replicas get their hints.
    while working.next().await.is_some() {}
    outcome
}

/// Sends what it can of `ready`; zero: the other side takes no more. `is_unsent` says whether some of
/// what was taken is still on this side of the socket (TLS has a buffer of its own), also when this
/// is dropped half way.
async fn send(
    writer: &mut (impl AsyncWrite + Unpin),
    ready: &mut BytesMut,
    is_unsent: &mut bool,
) -> io::Result<usize> {
    let mut sent = 1;
    if !ready.is_empty() {
        *is_unsent = true;
        sent = writer.write_buf(ready).await?;
    }
    if ready.is_empty() {
        writer.flush().await?;
        *is_unsent = false;
    }
    Ok(sent)
}

struct Connection<F> {
    shared: Arc<Shared<F>>,
    session: Arc<Session>,
    /// Bytes of its requests in progress.
    budget: Arc<Budget>,
    phase: Phase,
    version: Option<Version>,
    compression: Option<Compression>,
    /// Whether the client wants to be told when there is too much to do.
    throws_on_overload: bool,
    registered: Vec<EventKind>,
    incoming: Incoming,
    outgoing: Outgoing,
}

impl<F: Frontend> Connection<F> {
    fn new(session: Arc<Session>, shared: Arc<Shared<F>>) -> Self {
        Self {
            shared,
            session,
            budget: Arc::default(),
            phase: Phase::Starting,
            version: None,
            compression: None,
            throws_on_overload: false,
            registered: Vec::new(),
            incoming: Incoming::new(),
            outgoing: Outgoing::new(),
        }
    }

    fn is_over_budget(&self) -> bool {
        let config = &self.shared.config;
        // Something of its own is in progress: there will be an answer that lets it go on.
        self.budget.used() > 0
            && (self.budget.used() >= config.connection_bytes_max
                || self.shared.budget.used() >= config.bytes_max)
    }

    /// Whether the client takes what it asked for.
    fn may_answer(&self) -> bool {
        self.outgoing.waiting() < UNSENT_BYTES_MAX
    }

    fn may_read(&self, working: usize) -> bool {
        self.phase != Phase::Closing
            && working < IN_FLIGHT_MAX
            && self.may_answer()
            && (self.throws_on_overload || !self.is_over_budget())
    }

    /// The client was heard: it has its time again.
    fn postpone_silence(&self, silence: &mut std::pin::Pin<&mut tokio::time::Sleep>) {
        if self.phase == Phase::Ready {
            let config = &self.shared.config;
            // A day that begins anew with each request is for ever.
            let timeout = config
                .idle_timeout
                .unwrap_or(Duration::from_hours(24 * 365));
            silence.as_mut().reset(Instant::now() + timeout);
        }
    }

    /// Begins the next request that has arrived whole; `None` if there is none.
    fn take_next(&mut self) -> Option<impl Future<Output = Answer> + use<F>> {
        while self.phase != Phase::Closing {
            match self.incoming.next() {
                Ok(Some(Received::Frame(header, body))) => {
                    let begun = self.take(&header, body);
                    if begun.is_some() {
                        return begun;
                    }
                }
                Ok(Some(Received::Oversized(header))) => {
                    let error = self.too_large(&header);
                    self.refuse(header.stream, &error);
                }
                Ok(None) => break,
                Err(error) => self.refuse_for_good(0, &error),
            }
        }
        None
    }

    /// One frame: answered at once, or begun.
    fn take(
        &mut self,
        header: &Header,
        body: Bytes,
    ) -> Option<impl Future<Output = Answer> + use<F>> {
        let version = match self.version_of(header) {
            Ok(version) => version,
            Err(error) => {
                self.refuse_for_good(header.stream, &error);
                return None;
            }
        };
        let bytes = body.len();
        let frame = match self.decode(version, header, body) {
            Ok(frame) => frame,
            Err(error) => {
                self.refuse(header.stream, &error);
                return None;
            }
        };
        match (self.phase, &frame.request) {
            (_, Request::Options) => {
                self.answer(header.stream, Response::Supported(convert::supported()));
            }
            (Phase::Starting, Request::Startup(options)) => {
                self.start_up(version, header.stream, options);
            }
            (Phase::Authenticating, Request::AuthResponse(_)) => {
                self.phase = Phase::LoggingIn;
                return self.begin(version, header.stream, frame, bytes);
            }
            (Phase::Authenticating | Phase::LoggingIn, other) => {
                let message = format!(
                    "Unexpected message {}, expecting AUTH_RESPONSE",
                    other.opcode().name()
                );
                self.refuse(header.stream, &RequestError::Protocol(message));
            }
            (Phase::Ready, Request::Startup(_)) => self.refuse(
                header.stream,
                &RequestError::Protocol(
                    "Unexpected message STARTUP, the connection is already initialized".to_owned(),
                ),
            ),
            (Phase::Starting, other) => {
                let message = format!(
                    "Unexpected message {}, expecting STARTUP or OPTIONS",
                    other.opcode().name()
                );
                self.refuse(header.stream, &RequestError::Protocol(message));
            }
            (Phase::Ready, Request::Register(kinds)) => {
                self.registered.extend_from_slice(kinds);
                self.answer(header.stream, Response::Ready);
            }
            (Phase::Ready, Request::AuthResponse(_)) => self.refuse(
                header.stream,
                &RequestError::Protocol("Unexpected message AUTH_RESPONSE".to_owned()),
            ),
            (Phase::Ready, _) => return self.begin(version, header.stream, frame, bytes),
            (Phase::Closing, _) => {}
        }
        None
    }

    fn begin(
        &mut self,
        version: Version,
        stream: i16,
        frame: RequestFrame,
        bytes: usize,
    ) -> Option<impl Future<Output = Answer> + use<F>> {
        if self.throws_on_overload && self.is_over_budget() {
            let message = "Request breached limit on bytes in flight. Server is currently in an overloaded state and cannot accept more requests.";
            self.refuse(stream, &RequestError::Overloaded(message.to_owned()));
            return None;
        }
        self.session.count_request();
        let taken: Taken = Budget::take(&self.shared.budget, &self.budget, bytes);
        let work = Work {
            frontend: self.shared.frontend.clone(),
            session: Arc::clone(&self.session),
            version,
            tracing: frame.tracing,
            wants_receipt: frame.custom_payload.contains_key(receipt::KEY),
        };
        let answer = work.answer(stream, frame);
        Some(answer.inspect(move |_| drop(taken)))
    }

    fn too_large(&self, header: &Header) -> RequestError {
        RequestError::Invalid(format!(
            "Request is too big: length {} exceeds maximum allowed length {}.",
            HEADER_BYTES + header.body_bytes as usize,
            self.shared.config.frame_bytes_max
        ))
    }

    fn decode(
        &self,
        version: Version,
        header: &Header,
        body: Bytes,
    ) -> Result<RequestFrame, RequestError> {
        let body = match self.compression.filter(|_| version < Version::V5) {
            None => body,
            Some(compression) => {
                let bytes_max = self.shared.config.frame_bytes_max as usize;
                compression
                    .decompress_if(header, body, bytes_max)
                    .map_err(ProtocolViolation::Compression)?
            }
        };
        Ok(decode_request(version, header, body)?)
    }

    fn version_of(&mut self, header: &Header) -> Result<Version, RequestError> {
        let Some(version) = Version::from_byte(header.version) else {
            // Drivers read from the text what they may try instead.
            self.outgoing.speak(Version::HIGHEST);
            return Err(ProtocolViolation::UnsupportedVersion(header.version).into());
        };
        match self.version {
            Some(known) if known != version && self.phase != Phase::Starting => {
                Err(RequestError::Protocol(format!(
                    "Invalid message version. Got {version} but previous messages on this connection had version {known}"
                )))
            }
            Some(_) | None => {
                self.version = Some(version);
                self.outgoing.speak(version);
                Ok(version)
            }
        }
    }

    fn start_up(&mut self, version: Version, stream: i16, options: &BTreeMap<String, String>) {
        let compression = match convert::startup(version, options) {
            Ok(compression) => compression,
            Err(error) => return self.refuse(stream, &error),
        };
        let must_log_in = self.session.must_log_in();
        self.session.start_up(version, options);
        self.answer(
            stream,
            if must_log_in {
                Response::Authenticate(AUTHENTICATOR.to_owned())
            } else {
                Response::Ready
            },
        );
        self.throws_on_overload = options.get("THROW_ON_OVERLOAD").is_some_and(|on| on == "1");
        self.compression = compression;
        self.outgoing.switch(compression);
        let segments = (version == Version::V5).then(|| SegmentReader::new(compression.is_some()));
        self.incoming.switch(segments);
        if must_log_in {
            self.phase = Phase::Authenticating;
        } else {
            self.incoming.allow(self.shared.config.frame_bytes_max);
            self.phase = Phase::Ready;
        }
    }

    /// Name and password were checked. Who failed has to connect again.
    fn finish_login(&mut self) {
        if self.session.role().is_some() {
            self.incoming.allow(self.shared.config.frame_bytes_max);
            self.phase = Phase::Ready;
        } else {
            self.phase = Phase::Closing;
        }
    }

    fn answer(&mut self, stream: i16, response: Response) {
        let frame = ResponseFrame::new(stream, response);
        self.outgoing.push(&Answer::Frame(frame));
    }

    fn refuse(&mut self, stream: i16, error: &RequestError) {
        self.answer(stream, convert::error(error));
    }

    /// What follows on the connection cannot be understood.
    fn refuse_for_good(&mut self, stream: i16, error: &RequestError) {
        self.refuse(stream, error);
        self.phase = Phase::Closing;
    }

    fn tell(&mut self, event: Result<Event, broadcast::error::RecvError>) {
        match event {
            Ok(event) if self.registered.contains(&event.kind()) => {
                self.answer(-1, Response::Event(event));
            }
            // Drivers ask for everything when a connection is new: so it had better end.
            Err(broadcast::error::RecvError::Lagged(_)) if !self.registered.is_empty() => {
                self.phase = Phase::Closing;
            }
            Ok(_) | Err(_) => {}
        }
    }
}
