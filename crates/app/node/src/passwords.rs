//! Hashing passwords and comparing with hashes: work that is slow on purpose, so only so much of it
//! is done at once, on threads of its own.

use quorate_cluster::SaltedHash;
use quorate_types::RequestError;
use ring::hmac;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// bcrypt's work factor: some fifty milliseconds.
const COST: u32 = 10;
/// Passwords hashed or compared at once.
const AT_ONCE_MAX: usize = 4;
/// Further ones that may wait for their turn; more are refused.
const WAITING_MAX: usize = 256;
/// What a password is compared with when nobody has the name: nobody shall learn which names there
/// are from how long the answer takes.
const NOBODYS_HASH: &str = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

/// Hashes whose password was given lately, at most.
const PROVEN_MAX: usize = 1_024;

/// Bounds what passwords cost.
#[derive(Debug)]
pub(crate) struct Passwords {
    waiting: Semaphore,
    working: Semaphore,
    proven: Proven,
}

/// The passwords that were right: whoever gives one again is believed at once. A role with another
/// password has another hash, so nothing here outlives a change. Kept as digests that only this
/// process can make.
#[derive(Debug)]
struct Proven {
    key: hmac::Key,
    digests: Mutex<HashMap<String, hmac::Tag>>,
}

impl Proven {
    /// Nothing panics while it holds the lock.
    fn digests(&self) -> MutexGuard<'_, HashMap<String, hmac::Tag>> {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, hash: &SaltedHash, password: &str) -> bool {
        let digest = self.digests().get(hash.expose()).copied();
        digest.is_some_and(|digest| {
            hmac::verify(&self.key, password.as_bytes(), digest.as_ref()).is_ok()
        })
    }

    fn note(&self, hash: &SaltedHash, digest: hmac::Tag) {
        let mut digests = self.digests();
        if digests.len() >= PROVEN_MAX {
            digests.clear();
        }
        digests.insert(hash.expose().to_owned(), digest);
    }
}

impl Passwords {
    /// `secret` is known to nobody else.
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self {
            waiting: Semaphore::new(WAITING_MAX + AT_ONCE_MAX),
            working: Semaphore::new(AT_ONCE_MAX),
            proven: Proven {
                key: hmac::Key::new(hmac::HMAC_SHA256, secret),
                digests: Mutex::default(),
            },
        }
    }

    /// The hash of a password, with this salt.
    pub(crate) async fn hash(
        &self,
        password: String,
        salt: [u8; 16],
    ) -> Result<SaltedHash, RequestError> {
        let hashed = self
            .bounded(move || {
                let parts = bcrypt::hash_with_salt(password, COST, salt).ok()?;
                SaltedHash::new(parts.format_for_version(bcrypt::Version::TwoA))
            })
            .await?;
        hashed.ok_or_else(|| RequestError::Server("the password cannot be hashed".to_owned()))
    }

    /// Whether the password is the hash's; never without a hash, which takes as long.
    pub(crate) async fn is_of(
        &self,
        password: String,
        hash: Option<SaltedHash>,
    ) -> Result<bool, RequestError> {
        if let Some(hash) = &hash
            && self.proven.has(hash, &password)
        {
            return Ok(true);
        }
        let digest = hmac::sign(&self.proven.key, password.as_bytes());
        let proven = hash.clone();
        let is_of = self.compare(password, hash).await?;
        if let Some(hash) = proven.filter(|_| is_of) {
            self.proven.note(&hash, digest);
        }
        Ok(is_of)
    }

    async fn compare(
        &self,
        password: String,
        hash: Option<SaltedHash>,
    ) -> Result<bool, RequestError> {
        self.bounded(move || {
            let compared = hash.as_ref().map_or(NOBODYS_HASH, SaltedHash::expose);
            // A hash that was given by hand may be none; then no password is its.
            bcrypt::verify(password, compared).unwrap_or(false) && hash.is_some()
        })
        .await
    }

    async fn bounded<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RequestError> {
        let too_many = || RequestError::Overloaded("too many passwords to check".to_owned());
        let _waiting = self.waiting.try_acquire().map_err(|_| too_many())?;
        let _working = self.working.acquire().await.map_err(|_| too_many())?;
        // The simulator has no threads: there, time stands still meanwhile.
        let Ok(runtime) = Handle::try_current() else {
            return Ok(work());
        };
        let done = runtime.spawn_blocking(work).await;
        done.map_err(|_| RequestError::Server("the password was not checked".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_is_of_its_hash() {
        let passwords = Passwords::new(b"key");
        let hash = passwords.hash("secret".to_owned(), [7; 16]).await.unwrap();
        assert!(hash.expose().starts_with("$2a$10$"));
        let is_of = |password: &str, hash| passwords.is_of(password.to_owned(), hash);
        assert_eq!(is_of("secret", Some(hash.clone())).await, Ok(true));
        assert_eq!(is_of("Secret", Some(hash)).await, Ok(false));
        // Known to everybody, and still nobody's.
        assert_eq!(is_of("password", None).await, Ok(false));
        let no_hash = SaltedHash::new(format!("$2a$10${}", "x".repeat(53)));
        assert_eq!(is_of("secret", no_hash).await, Ok(false));
    }

    #[tokio::test]
    async fn what_was_right_is_believed_at_once_until_the_hash_is_another() {
        let passwords = Passwords::new(b"key");
        let hash = passwords.hash("secret".to_owned(), [7; 16]).await.unwrap();
        let is_of = |password: &str, hash| passwords.is_of(password.to_owned(), Some(hash));
        assert_eq!(is_of("secret", hash.clone()).await, Ok(true));
        // Nothing can be compared any more: only what is known is right.
        let all = passwords.waiting.acquire_many(260).await.unwrap();
        assert_eq!(is_of("secret", hash.clone()).await, Ok(true));
        assert!(is_of("Secret", hash.clone()).await.is_err());
        drop(all);
        let other = passwords.hash("other".to_owned(), [8; 16]).await.unwrap();
        assert_eq!(is_of("secret", other).await, Ok(false));
        for number in 0..2 * PROVEN_MAX {
            let digest = hmac::sign(&passwords.proven.key, b"x");
            let hash = SaltedHash::new(format!("$2a$10${number:053}")).unwrap();
            passwords.proven.note(&hash, digest);
        }
        assert!(passwords.proven.digests().len() <= PROVEN_MAX);
    }

    #[tokio::test]
    async fn what_waits_is_bounded() {
        let passwords = Passwords::new(b"key");
        let _all = passwords.waiting.acquire_many(260).await.unwrap();
        let refused = passwords.is_of("secret".to_owned(), None).await;
        assert!(matches!(refused, Err(RequestError::Overloaded(_))));
    }
}
