// A user as the events alone tell it.
export class Rebuilt {
  constructor() { this.clear(); }

  clear() {
    Object.assign(this, { exists: false, authenticators: 0, pending: false, suspended: false, left: 0, usedAt: 0 });
  }

  take(event) {
    const used = () => { if (event.method === 'TOTP') this.usedAt = Math.floor(event.time_unix_ms / 1000); };
    switch (event.type) {
      case 'user.created': this.clear(); this.exists = true; break;
      case 'user.deleted': this.clear(); break;
      case 'factor.imported': this.authenticators = 1; this.left = 0; this.usedAt = 0; break;
      case 'enrollment.begun': this.pending = true; break;
      case 'enrollment.confirmed': used(); break;
      case 'enrollment.completed': this.pending = false; this.authenticators = 1; this.left = 10; break;
      case 'factor.reset':
        Object.assign(this, { authenticators: 0, pending: false, suspended: false, left: 0, usedAt: 0 });
        break;
      case 'recovery.used': this.left -= 1; break;
      case 'verification.succeeded': used(); break;
      case 'account.suspended': this.suspended = true; break;
      case 'account.unlocked': case 'password.changed': this.suspended = false; break;
      default:
    }
  }

  get state() {
    if (this.authenticators === 0) return this.pending ? 'PENDING' : 'NOT_ENROLLED';
    return this.suspended ? 'SUSPENDED' : 'ACTIVE';
  }
}
