/* SPDX-FileCopyrightText: The live_transcription contributors
   SPDX-License-Identifier: AGPL-3.0-or-later */

/* Runs in Nextcloud's own page behind the menu entry, and goes on to the operators'. */
window.location.replace(window.OC.generateUrl('/apps/app_api/proxy/live_transcription/admin/'))
