"""What Nextcloud and the operator see: HTTP interface, rows, admin."""
