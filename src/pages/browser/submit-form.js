/* global document */
/** Sends the one form of a page that hands something over. Without this script a person sends it. */
document.querySelector('form[data-submit]')?.submit()
