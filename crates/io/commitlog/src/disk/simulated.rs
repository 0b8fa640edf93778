//! A disk in memory that keeps apart what is visible and what is durable.
//!
//! [`SimulatedDisk::power_cut`] gives the disk a machine finds after a power cut: synced bytes and
//! names, and of the rest each sector and each directory change kept or lost on its own.
//! [`SimulatedDisk::killed`] gives the one a new process finds after `kill -9`: all of it.

use super::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Small, so that small segments have many.
const SECTOR_BYTES: usize = 32;

#[derive(Debug, Clone, Default)]
pub(crate) struct SimulatedDisk {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default, Clone)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    name_changes: Vec<NameChange>,
    /// Operations that change the disk, so far.
    operations: u64,
    fault: Option<Fault>,
    syncs: u64,
    hold_syncs: bool,
    /// Syncs that are held right now.
    held_syncs: u64,
    full: bool,
}

#[derive(Debug, Default, Clone)]
struct Inode {
    live: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Add(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Debug, Clone, Copy)]
struct Fault {
    at: u64,
    /// Whether everything later fails too.
    for_good: bool,
}

/// A small deterministic source of choices.
#[derive(Debug, Clone)]
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl State {
    fn change(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fault {
            Some(Fault { at, for_good })
                if self.operations == at || (for_good && self.operations > at) =>
            {
                Err(io::Error::other("injected"))
            }
            _ => Ok(()),
        }
    }

    fn apply(names: &mut BTreeMap<String, usize>, change: &NameChange) {
        match change {
            NameChange::Add(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            NameChange::Rename(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
            NameChange::Remove(name) => {
                names.remove(name);
            }
        }
    }

    fn change_name(&mut self, change: NameChange) {
        Self::apply(&mut self.names, &change);
        self.name_changes.push(change);
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl SimulatedDisk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap()
    }

    fn from_state(state: State) -> Self {
        Self {
            shared: Arc::new((Mutex::new(state), Condvar::new())),
        }
    }

    pub(crate) fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Syncs of files, so far.
    pub(crate) fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// Lets the change number `at` fail, and everything after it if `for_good`.
    pub(crate) fn fail_at(&self, at: u64, for_good: bool) {
        self.lock().fault = Some(Fault { at, for_good });
    }

    /// While full, no file can be created.
    pub(crate) fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// While held, no sync of a file returns.
    pub(crate) fn hold_syncs(&self, hold: bool) {
        self.lock().hold_syncs = hold;
        self.shared.1.notify_all();
    }

    /// Waits until someone is held in a sync.
    pub(crate) fn wait_for_held_sync(&self) {
        let mut state = self.lock();
        while state.held_syncs == 0 {
            state = self.shared.1.wait(state).unwrap();
        }
    }

    /// Waits until so many syncs of files were made.
    pub(crate) fn wait_for_syncs(&self, count: u64) {
        let mut state = self.lock();
        while state.syncs < count {
            state = self.shared.1.wait(state).unwrap();
        }
    }

    /// Visible names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().names.keys().cloned().collect()
    }

    /// Visible content.
    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        let state = self.lock();
        let inode = state.inode(name).unwrap();
        state.inodes[inode].live.clone()
    }

    /// Replaces content behind the log's back.
    pub(crate) fn set_content(&self, name: &str, bytes: &[u8]) {
        let mut state = self.lock();
        let inode = state.inode(name).unwrap();
        state.inodes[inode].live = bytes.to_vec();
        state.inodes[inode].durable = bytes.to_vec();
        state.inodes[inode].unsynced.clear();
    }

    /// Takes a file away behind the log's back.
    pub(crate) fn take_away(&self, name: &str) {
        let mut state = self.lock();
        state.names.remove(name).unwrap();
        state.durable_names.remove(name);
    }

    /// The disk after the process was killed.
    pub(crate) fn killed(&self) -> Self {
        let mut state = self.lock().clone();
        (state.operations, state.syncs, state.fault) = (0, 0, None);
        (state.hold_syncs, state.full) = (false, false);
        Self::from_state(state)
    }

    /// The disk after a power cut. Of unsynced sectors and names `kept_in_4` of 4 survive.
    pub(crate) fn power_cut(&self, choices: &mut Choices, kept_in_4: u64) -> Self {
        let state = self.lock();
        let mut after = State {
            durable_names: state.durable_names.clone(),
            ..State::default()
        };
        for change in &state.name_changes {
            if choices.below(4) < kept_in_4 {
                State::apply(&mut after.durable_names, change);
            }
        }
        for inode in &state.inodes {
            let mut bytes = inode.durable.clone();
            for (offset, written) in &inode.unsynced {
                let mut at = 0;
                while at < written.len() {
                    let sector_end = ((offset + at) / SECTOR_BYTES + 1) * SECTOR_BYTES - offset;
                    let end = sector_end.min(written.len());
                    if choices.below(4) < kept_in_4 {
                        put(&mut bytes, offset + at, &written[at..end]);
                    }
                    at = end;
                }
            }
            after.inodes.push(Inode {
                live: bytes.clone(),
                durable: bytes,
                unsynced: Vec::new(),
            });
        }
        after.names = after.durable_names.clone();
        Self::from_state(after)
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    let end = offset + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(written);
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    inode: usize,
}

impl Disk for SimulatedDisk {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let state = self.lock();
        let bytes = |inode: usize| state.inodes[inode].live.len() as u64;
        Ok(state
            .names
            .iter()
            .map(|(name, inode)| (name.clone(), bytes(*inode)))
            .collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        state.change()?;
        if state.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.change_name(NameChange::Add(name.to_owned(), inode));
        Ok(Box::new(SimulatedFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.lock().inode(name)?;
        Ok(Box::new(SimulatedFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.change()?;
        state.inode(from)?;
        assert!(
            !state.names.contains_key(to),
            "the log never renames over a file"
        );
        state.change_name(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.change()?;
        state.inode(name)?;
        state.change_name(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.change()?;
        state.durable_names = state.names.clone();
        state.name_changes.clear();
        Ok(())
    }
}

impl DiskFile for SimulatedFile {
    fn read(&self) -> io::Result<Vec<u8>> {
        Ok(self.disk.lock().inodes[self.inode].live.clone())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.change()?;
        let inode = &mut state.inodes[self.inode];
        put(&mut inode.live, offset as usize, bytes);
        inode.unsynced.push((offset as usize, bytes.to_vec()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        if state.hold_syncs {
            state.held_syncs += 1;
            self.disk.shared.1.notify_all();
            while state.hold_syncs {
                state = self.disk.shared.1.wait(state).unwrap();
            }
            state.held_syncs -= 1;
        }
        state.change()?;
        state.syncs += 1;
        self.disk.shared.1.notify_all();
        let inode = &mut state.inodes[self.inode];
        inode.durable = inode.live.clone();
        inode.unsynced.clear();
        Ok(())
    }
}
