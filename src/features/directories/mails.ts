import type { MailDefinition } from '../../pages/mail.ts'
import type { DirectoriesTexts } from './texts.ts'

/** To the owner of an account that another one opens from now on. */
const connectedMail: MailDefinition<{ directory: string; link: string }, DirectoriesTexts> = {
  about: 'An account of a directory was connected with an account.',
  facts: {
    directory: ['how people know the directory', 'Staff of Example'],
    link: ['where people sign in', 'https://auth.example.com/login'],
  },
  content({ directories }, { issuer, directory, link }) {
    const { subject, connected, whatItMeans, otherwise, signIn } = directories.connectedMail
    return {
      subject,
      paragraphs: [`${connected(directory)}\n${issuer}`, whatItMeans, otherwise, { link, label: signIn }],
    }
  },
}

/** To whoever asked for a new password that is not kept here. `link`: empty where nobody has said where it is changed. */
const elsewhereMail: MailDefinition<{ directory: string; link: string }, DirectoriesTexts> = {
  about: 'Somebody asked for a new password, which a directory keeps.',
  facts: {
    directory: ['how people know the directory', 'Staff of Example'],
    link: ['where the password is changed; empty where that is not set', 'https://password.example.com'],
  },
  content({ directories }, { issuer, directory, link }) {
    const { subject, asked, where, unknown, change, otherwise } = directories.elsewhereMail
    return {
      subject,
      paragraphs: [`${asked}\n${issuer}`, where(directory), link === '' ? unknown : { link, label: change }, otherwise],
    }
  },
}

export const directoriesMails = {
  'directory-connected': connectedMail,
  'password-elsewhere': elsewhereMail,
}
